#include "actors/session/session_edits.hpp"

namespace nekod {

using chat::failure_code;

caf::result<edit_outcome> session_edits::take(conversation_edit e, bool any_waits) {
  auto answer = self_->make_response_promise<edit_outcome>();
  const auto phase = parts_.status.phase();
  if (any_waits || phase == session_phase::answering || phase == session_phase::committing)
    answer.deliver(edit_outcome{{failure_code::conversation_locked, "conversation"}});
  else if (phase == session_phase::idle)
    make(std::move(e), answer);
  else
    waiting_.emplace_back(std::move(e), answer);
  return answer;
}

void session_edits::make_waiting() {
  for (auto& [edit, answer] : std::exchange(waiting_, {}))
    make(std::move(edit), std::move(answer));
}

void session_edits::refuse_waiting(const chat::failure& reason) {
  for (auto& [edit, answer] : std::exchange(waiting_, {}))
    answer.deliver(edit_outcome{reason});
}

void session_edits::make(conversation_edit e, promise p) {
  auto& info = parts_.status.info();
  if (e.id != info.conversation) {
    p.deliver(edit_outcome{{failure_code::conversation_not_found, "conversation"}});
    return;
  }
  if (e.change) {
    if (auto refused = parts_.conversation.current().change(e.change)) {
      p.deliver(edit_outcome{*std::move(refused)});
      return;
    }
    parts_.link.close({});
    info.newest_response.clear();
  }
  info.keep_for(e.kept_for, recorded_now());
  if (e.metadata)
    stored_.note(std::move(*e.metadata));
  ++writing_;
  stored_.commit(
      {},
      [this, p]() mutable {
        --writing_;
        p.deliver(edit_outcome{});
        settled_();
      },
      [this, p]() mutable {
        --writing_;
        p.deliver(edit_outcome{failure_code::store_unavailable});
        settled_();
      });
}

} // namespace nekod
