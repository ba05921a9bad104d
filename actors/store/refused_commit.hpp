#pragma once

#include <caf/error.hpp>
#include <caf/sec.hpp>

namespace nekod {

/// The STORE's answer to a commit that it refuses.
inline caf::error refused_commit() {
  return caf::make_error(caf::sec::invalid_argument,
                         "the session's record has another holder or another version");
}

} // namespace nekod
