#pragma once

#include <caf/error.hpp>
#include <caf/sec.hpp>

/// The STORE's answers to requests that it refuses.
namespace nekod {

/// To a commit.
inline caf::error refused_commit() {
  return caf::make_error(caf::sec::invalid_argument,
                         "the session's record has another holder or another version");
}

/// To a `take` of a session, or of a request, that another node has worked on for as long as a turn
/// waits.
inline caf::error busy_elsewhere() {
  return caf::make_error(caf::sec::unavailable_or_would_block, "another node works on the session");
}

/// Whether *e* is that answer.
inline bool is_busy_elsewhere(const caf::error& e) {
  return e == caf::sec::unavailable_or_would_block;
}

} // namespace nekod
