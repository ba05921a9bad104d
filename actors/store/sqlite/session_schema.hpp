#pragma once

#include "actors/store/sqlite/sqlite.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// The file of the session records: its permissions and lock, and the schema of its tables.
namespace nekod {

/// Marks our files in SQLite's field for that: "neko".
inline constexpr std::int64_t session_file_mark = 0x6e656b6f;

/// The steps from an empty file to the current tables. A file stores the number of its steps; a
/// released step is never changed.
const std::vector<std::string>& session_schema_steps();

/// Opens *file*, or creates it for this user only, and locks it for this process. An older one is
/// brought up to date. Waits some seconds for a file in use.
/// @throws store_error that names the file and what is wrong. A file that is not ours, is
/// damaged, newer or in use has not been written to.
sqlite::connection
open_session_file(const std::string& file,
                  const std::vector<std::string>& steps = session_schema_steps());

} // namespace nekod
