#pragma once

#include "actors/turn.hpp"
#include "http/server/api/request_context.hpp"
#include "protocol/openai/responses/compaction.hpp"
#include "protocol/openai/responses/request/create_request.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nekod::http {

/// A request of the Responses API, with all that it follows, refers to and has shortened.
struct gathered_request {
  gathered_request(const request_context& context, openai::responses::create_request r)
      : c(context), asked(std::move(r)) {}

  request_context c;
  /// Its input has the items that references stand for. Where items are kept, each has an id.
  openai::responses::create_request asked;
  /// As in `retry_key_of`.
  std::string identity;
  /// The items before the request; of what it follows the last ones alone, if the rest is left out.
  std::vector<openai::responses::item> history;
  /// Whether the rest is left out: the request only adds to it. Then its input is what is new.
  bool leaves_out = false;
  /// Whether nothing may be left out.
  bool wants_all = false;
  std::optional<turn_predecessor> follows;
  turn_conversation conversation;
  /// The prompt of the conversation, without its items.
  std::string prompt;
  /// The items for which the compaction items of the history and of the input stand.
  openai::responses::compacted_items compacted;
};

using gathered_ptr = std::shared_ptr<gathered_request>;

/// Whether the items of a request are kept, in a response or in a conversation.
bool keeps_items(const openai::responses::create_request& r);

/// Asks the store for what *call* needs besides its body, and calls *then* once all is there. A
/// request that surely adds to what it follows gets the last answer alone, unless it wants all.
/// Answers with an error if there is no such response or conversation. References and compaction
/// items that stand for nothing are left as they are.
void gather(const gathered_ptr& call, const std::function<void(const gathered_ptr&)>& then);

} // namespace nekod::http
