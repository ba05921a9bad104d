#pragma once

#include "protocol/sessions/session_list.hpp"

#include <cstddef>
#include <functional>
#include <string>

namespace nekod::http {

struct request_context;

/// Called with the page, and with the number of sessions that were looked through.
using search_handler = std::function<void(const request_context&, session_page, std::size_t)>;

/// `GET /sessions?search=`: a page of the caller's own sessions in whose conversations some words
/// are, in the order of their creation. The store is asked for one conversation at a time, and a
/// request looks through a limited number of them and of bytes, so a page may have few sessions or
/// none although there are more.
/// @param words In lower case, as `folded` makes them.
void search_sessions(const request_context& c, session_query query, std::string words,
                     search_handler then);

} // namespace nekod::http
