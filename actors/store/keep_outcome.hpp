#pragma once

#include <caf/error.hpp>
#include <caf/sec.hpp>

#include <cstdint>

namespace nekod {

/// What became of a record that was to be kept.
enum class keep_outcome : std::uint8_t {
  kept,
  /// It builds on messages that are not there, so nothing was written.
  refused,
};

/// What a STORE answers to a commit that it refuses.
inline caf::error refused_commit() {
  return caf::make_error(caf::sec::invalid_argument, "the session's record is not as expected");
}

} // namespace nekod
