// A session's readers leave: what becomes of the turn that they asked for.

#include "actors/session/session.hpp"

#include <utility>

namespace nekod {

void session_state::reply_ended(const caf::actor_addr& reply, std::optional<client_left> left) {
  if (running_ && running_->readers.remove(reply)) {
    if (answer_)
      answer_->remove_reader(reply.id());
    if (phase_ != phase::answering || left_for_actor_)
      return; // The turn is complete; only its formalities are left.
    if (!running_->readers.empty())
      return;
    if (left && left->returns)
      self_->delayed_send(self_, options_.retry_grace, atom::abandon_v, ++absences_);
    else
      give_up(left ? std::optional{left->when} : std::nullopt);
    return;
  }
  auto gone = std::erase_if(
      queue_, [&](waiting_turn& t) { return t.readers.remove(reply) && t.readers.empty(); });
  options_.counts->turns[turn_outcome::cancelled].Increment(static_cast<double>(gone));
}

void session_state::abandon(std::uint64_t absence) {
  if (absence == absences_ && phase_ == phase::answering && !left_for_actor_ &&
      running_->readers.empty())
    give_up({});
}

void session_state::give_up(std::optional<std::chrono::steady_clock::time_point> then) {
  options_.counts->turns[turn_outcome::cancelled].Increment(running_turns());
  drop_running(then);
  end_turn();
}

/// Takes down what became of a turn whose answer will not come to its end.
void session_state::drop_running(std::optional<std::chrono::steady_clock::time_point> then) {
  const auto told = (answer_ && answer_->size() > 0) || line_->may_have_told();
  line_->cancel(then);
  if (whole_) {
    whole_->drop(); // For a stateless upstream it never was.
    return;
  }
  break_off(told);
  save();
}

} // namespace nekod
