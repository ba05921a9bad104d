#pragma once

#include "protocol/openai/errors.hpp"
#include "protocol/result.hpp"
#include "protocol/sessions/session_list.hpp"

#include <chrono>
#include <string_view>

/// What the query of an address says about sessions. Pure.
namespace nekod::http {

/// The page that `GET /sessions?limit=&after=` asks for. Other names are passed over.
result<session_query, openai::error> parse_session_query(std::string_view query);

/// The sessions that `DELETE /sessions?idle_for=&model=&all=` means; *now* it is asked for. It must
/// say which: nothing, or what is not known here, is no way to mean all.
result<session_filter, openai::error>
parse_session_filter(std::string_view query, std::chrono::system_clock::time_point now);

} // namespace nekod::http
