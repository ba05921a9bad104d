#pragma once

#include "actors/store/response_record.hpp"
#include "protocol/chat/message.hpp"
#include "protocol/sessions/sessions.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

/// How responses, conversations and their items are looked for. What has expired or was deleted is
/// not found.
namespace nekod {

/// The answer to a request for a response.
struct response_finding {
  response_finding() = default;

  /// Nothing if there is none.
  std::optional<response_record> record;
};

/// Asks for the conversation that a response ends.
struct chain_query {
  chain_query() = default;
  explicit chain_query(response_key r) : newest(std::move(r)) {}

  response_key newest;
};

/// A response and all before it.
struct response_chain {
  response_chain() = default;

  /// Whether there is such a response.
  bool found = false;
  response_state state = response_state::closed;
  /// The session that answered it.
  std::string session;
  /// The items of all responses, the oldest first: of each its input, then its output.
  std::vector<stored_item> items;
  /// How many items at the end are the response's own output.
  std::size_t output = 0;
};

/// Asks for items of any kept response of a tenant.
struct item_query {
  item_query() = default;

  std::string tenant;
  std::vector<std::string> ids;
};

/// Those that were found, in any order.
struct item_finding {
  item_finding() = default;

  std::vector<stored_item> items;
};

/// Asks for a conversation. An id belongs to a tenant.
struct conversation_query {
  conversation_query() = default;
  conversation_query(std::string t, std::string i) : tenant(std::move(t)), id(std::move(i)) {}

  std::string tenant;
  /// Without a prefix, as in `session_info`.
  std::string id;
  /// Whether its messages are wanted, too.
  bool with_messages = true;
};

/// A conversation, as its session last committed it.
struct conversation_finding {
  conversation_finding() = default;

  bool found = false;
  session_info info;
  /// As in `session_record`.
  std::string metadata;
  std::vector<chat::message> messages;
};

} // namespace nekod
