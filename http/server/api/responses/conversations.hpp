#pragma once

#include "actors/store/response_lookup.hpp"

#include <string_view>

/// `/v1/conversations`: every session is a conversation, and its messages are its items. Those of
/// other tenants and deleted ones are not found.
namespace nekod::http {

struct request_context;

/// The question for the conversation that the caller names *id*, such as `conv_...`.
conversation_query conversation_of(const request_context& c, std::string_view id);

/// `POST /v1/conversations`: begins a session without a turn, with items, or with a copy of another
/// conversation.
void create_conversation(const request_context& c);

/// `GET /v1/conversations/{id}`, `.../items` and `.../items/{item}`.
void show_conversation(const request_context& c);

/// `POST /v1/conversations/{id}` replaces the metadata, `.../items` adds items.
void change_conversation(const request_context& c);

/// `DELETE /v1/conversations/{id}`: the session goes; responses stay to be looked at. `DELETE
/// .../items/{item}` answers with the conversation.
void delete_conversation(const request_context& c);

} // namespace nekod::http
