#pragma once

#include "actors/store/sqlite/sqlite.hpp"
#include "protocol/sessions/sessions.hpp"

#include <chrono>
#include <cstdint>
#include <string>

/// The columns of a session that lists show; every query for a session begins with them.
namespace nekod {

/// The columns that `info_of` reads.
inline const std::string info_columns = "id, tenant, model, created_at, last_used, turns, "
                                        "conversation, newest_response, kept_until, chat_id";

/// The index of the first column after them.
inline constexpr int first_other_column = 10;

/// Reads them.
session_info info_of(const sqlite::rows& row);

/// A time as it is stored: microseconds since 1970.
std::int64_t to_number(std::chrono::system_clock::time_point t);

/// Reads it. The first and the last time point are read as they were written.
std::chrono::system_clock::time_point to_time(std::int64_t number);

} // namespace nekod
