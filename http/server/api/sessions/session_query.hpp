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

/// A request for a list of sessions.
struct session_list_request {
  session_query page;
  /// The words that a session has to contain, in lower case.
  std::optional<std::string> words;
};

/// Reads `GET /sessions?limit=&after=&search=`. Other names are ignored.
result<session_list_request, chat::failure> parse_session_list(std::string_view query);

/// The sessions that `DELETE /sessions?idle_for=&model=&all=` selects; *now* is the time of the
/// request. An empty query or an unknown name is a fault: neither means all sessions.
result<session_filter, chat::failure>
parse_session_filter(std::string_view query, std::chrono::system_clock::time_point now);

} // namespace nekod::http
