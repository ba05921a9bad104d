#pragma once

#include "actors/store/sqlite/sqlite.hpp"
#include "protocol/sessions/sessions.hpp"

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

} // namespace nekod
