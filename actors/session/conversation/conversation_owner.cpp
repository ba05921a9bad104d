#include "actors/session/conversation/conversation_owner.hpp"

#include "actors/session/conversation/chat_memory.hpp"

#include <utility>

namespace nekod {

conversation_owner::conversation_owner(std::shared_ptr<const conversation_digest> digest,
                                       conversation_limits limits)
    : digest_(std::move(digest)), limits_(limits) {
  begin_from({});
}

void conversation_owner::begin_from(conversation_state state) {
  // The kind is known with the first turn, by its upstream.
  now_ = std::make_unique<chat_memory>(digest_, std::move(state));
}

void conversation_owner::serve(session_conversation::kind kind) {
  if (now_->serves() == kind)
    return;
  auto state = now_->take();
  if (kind == session_conversation::kind::whole)
    now_ = std::make_unique<whole_conversation>(digest_, limits_, std::move(state));
  else
    now_ = std::make_unique<chat_memory>(digest_, std::move(state));
}

} // namespace nekod
