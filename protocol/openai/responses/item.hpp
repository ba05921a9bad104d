#pragma once

#include "protocol/chat/message.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// The Responses API: requests, items, and answers.
namespace nekod::openai::responses {

/// How an item takes part in a conversation.
enum class item_kind : std::uint8_t {
  message,
  /// A call of a function or custom tool. It needs an output.
  call,
  /// The output of such a call. It needs a call.
  output,
  /// A call of a tool that the client or OpenAI runs, such as `shell_call`.
  hosted_call,
  /// The output of such a call.
  hosted_output,
  reasoning,
  /// Stands for a stored item with the same id.
  reference,
  /// A shortened conversation, which the service that made it can resolve.
  compaction,
  /// Anything else: it is stored and listed, and no upstream hears it.
  other,
};

/// The kind of the items of *type*, with a `call_id` or without.
item_kind kind_of(std::string_view type) noexcept;

/// One item of a conversation, as it is stored.
struct item {
  item() = default;

  /// Empty if the client named none, or none that can be kept: then an id is to be made.
  std::string id;
  /// The `type` on the wire; of an `item_reference`, too.
  std::string type;
  item_kind kind = item_kind::other;
  /// The sender, of a message.
  chat::role speaker = chat::role::user;
  /// The id that ties a call to its output, byte for byte as the client or upstream wrote it; empty
  /// for none. The item's own id never does.
  std::string call_id;
  /// Whether its `status` is `incomplete`: it was cut off.
  bool incomplete = false;
  /// The item as a JSON object without `id`, in canonical form: the type first, content in parts, a
  /// status where the type has one. Empty for a reference.
  std::string json;
  /// The item's place in the request that brings it, such as `input[3]`; empty for an item of the
  /// history. Not stored. An item that replaces a reference takes over its place.
  std::string place;
};

/// Whether an item is a call of a tool, or the output of one.
inline bool is_call(const item& i) noexcept {
  return i.kind == item_kind::call || i.kind == item_kind::hosted_call;
}
inline bool is_output(const item& i) noexcept {
  return i.kind == item_kind::output || i.kind == item_kind::hosted_output;
}

/// Whether an item is a system or developer message, which joins the prompt.
inline bool instructs(const item& i) noexcept {
  return i.kind == item_kind::message &&
         (i.speaker == chat::role::system || i.speaker == chat::role::developer);
}

/// The beginning of the ids of items of *type*, such as `msg_`.
std::string_view id_prefix(std::string_view type) noexcept;

/// Whether a client's *id* can be kept: 1 to 128 characters of `A-Z a-z 0-9 _ . : -`.
bool can_keep_id(std::string_view id) noexcept;

/// The item as JSON with its id, as in lists of items and in `output`.
std::string to_json(const item& i);

/// Reads back the `json` of an item.
/// @param json An item's canonical form, also with its `id` as `to_json` puts it.
item item_of(std::string id, std::string json);

/// Whether two items say the same, whatever their ids and places are. Formatting, the status, and
/// members that clients are known to leave out (`annotations`, `logprobs`, `phase`) do not count.
bool say_the_same(const item& a, const item& b);

} // namespace nekod::openai::responses
