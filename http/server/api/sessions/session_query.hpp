#pragma once

#include "protocol/chat/failure.hpp"
#include "protocol/result.hpp"
#include "protocol/sessions/session_list.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

/// Reads queries about sessions. Pure.
namespace nekod::http {

/// The page that `GET /sessions?limit=&after=` asks for. Other names are ignored.
result<session_query, chat::failure> parse_session_query(std::string_view query);

/// The words of `GET /sessions?search=`, in lower case; nothing if there is no such name.
result<std::optional<std::string>, chat::failure> parse_session_search(std::string_view query);

/// The sessions that `DELETE /sessions?idle_for=&model=&all=` selects; *now* is the time of the
/// request. An empty query or an unknown name is a fault: neither means all sessions.
result<session_filter, chat::failure>
parse_session_filter(std::string_view query, std::chrono::system_clock::time_point now);

} // namespace nekod::http
