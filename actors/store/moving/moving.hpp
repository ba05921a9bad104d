#pragma once

#include "actors/store/moving/movable_store.hpp"

#include <cstdint>
#include <iosfwd>
#include <string>

/// Writes a store to a file, and fills another one from it. The file is that of `record_lines.hpp`.
/// One record is in memory at a time.
namespace nekod::moving {

/// How many records were moved.
struct moved_counts {
  moved_counts() = default;

  std::uint64_t sessions = 0;
  /// Of those sessions.
  std::uint64_t messages = 0;
  std::uint64_t responses = 0;
};

/// Writes everything in *store*. The caller has to flush *out* and to check it.
/// @throws store_error
moved_counts export_store(movable_store& store, std::ostream& out);

/// The result of an import.
struct import_report {
  import_report() = default;

  moved_counts added;
  /// Records that the store had already. They did not change.
  moved_counts present;
  /// Why it ended early, with the number of the line; empty if everything was read. The records
  /// counted above are in the store even then.
  std::string problem;
  /// Whether trying again may help.
  bool may_pass = false;
};

/// The longest line, in bytes. A conversation is one line.
inline constexpr std::size_t longest_line = std::size_t{1} << 30;

/// Adds the records of the file, each of them whole or not at all. A second import of the same file
/// changes nothing.
/// @param limit The longest line that is read.
import_report import_store(movable_store& store, std::istream& in,
                           std::size_t limit = longest_line);

} // namespace nekod::moving
