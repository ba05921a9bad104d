#pragma once

#include "bench/simulator/books.hpp"
#include "bench/simulator/usage.hpp"

#include <string>

/// The simulator's records as JSON bodies.
namespace nekod::sim {

/// `GET /chat/list`: `{"chats":[{"chat_id","model"}]}`.
std::string chat_list_json(const books& b);

/// `GET /chat/{chat_id}/messages`: `{"messages":[{"msg_id","role","text"}],"next_cursor"}`, oldest
/// first.
/// @param query Its `size` limits the page; its `cursor` is where the page begins.
std::string messages_json(const chat& c, std::string_view query);

/// `GET /sim/chats`: all chats and everything recorded about their messages.
std::string chats_json(const books& b);

/// `GET /sim/report`.
std::string report_json(const totals& t, const usage_counts& u);

} // namespace nekod::sim
