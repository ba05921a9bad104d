#pragma once

#include "protocol/chat/failure.hpp"
#include "protocol/openai/responses/item.hpp"
#include "protocol/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The bodies of requests about conversations: OpenAI's `CreateConversationBody`,
/// `UpdateConversationBody` and the body that adds items. Unknown members are ignored.
namespace nekod::openai::conversations {

/// The most items in one request.
inline constexpr std::size_t most_items = 20;

/// The part of a conversation that a new one copies.
struct branch_point {
  /// `metadata.parent`: a conversation.
  std::string parent;
  /// `metadata.from_item`: the last item that is copied.
  std::string item;
};

struct conversation_request {
  conversation_request() = default;

  /// A JSON object; nothing if the body has none.
  std::optional<std::string> metadata;
  /// Set if `metadata` has both. If there is no such conversation or item, they are plain notes.
  std::optional<branch_point> branch;
  std::vector<responses::item> items;
};

/// Reads the body of `POST /v1/conversations`, which may be empty.
result<conversation_request, chat::failure> parse_creation(std::string_view body);

/// Reads the body of `POST /v1/conversations/{id}`: `metadata` is required.
result<conversation_request, chat::failure> parse_update(std::string_view body);

/// Reads the body of `POST /v1/conversations/{id}/items`: 1 to 20 `items` are required.
result<conversation_request, chat::failure> parse_addition(std::string_view body);

} // namespace nekod::openai::conversations
