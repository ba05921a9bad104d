#pragma once

#include "actors/upstream/retry_plan.hpp"
#include "actors/upstream/turn_attempts.hpp"
#include "actors/upstream/upstream.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace nekod {

/// A conversation at an upstream that may fail and may have fall-backs: its turns are tried as
/// `turn_attempts` decides, while their clients wait. A turn is not retried once some of its answer
/// has been passed on.
class retrying_conversation : public upstream_conversation, private upstream_listener {
public:
  retrying_conversation(std::shared_ptr<retry_plan> plan, upstream_chat known,
                        upstream_listener& listener, conversation_context context);

  void begin(const upstream_turn& turn) override;
  void settle() override { current().settle(); }
  void cancel(std::optional<std::chrono::steady_clock::time_point> client_left) override;
  void let_go() override;
  void give_up_late() override;
  bool may_have_reached() const noexcept override;
  void grant(std::size_t bytes) override { current().grant(bytes); }
  void on_transfer(transfer_event&& event) override;
  void on_wake(std::uint64_t number) override;
  const upstream_chat& chat() const noexcept override { return conversations_.front()->chat(); }

private:
  void on_deltas(deltas text, std::size_t bytes) override;
  void on_alternatives(std::size_t count) override { listener_.on_alternatives(count); }
  void on_branches(const std::vector<deltas>& texts, std::size_t bytes) override;
  void on_answer(upstream_answer answer) override;
  void on_failure(upstream_failure f) override;
  void on_settled() override { listener_.on_settled(); }
  std::string seeded_text() const override { return listener_.seeded_text(); }
  std::size_t times_said() const override { return listener_.times_said(); }

  void open(std::size_t upstream, upstream_chat known);
  void try_at(std::size_t upstream);
  void take(turn_attempts::step next);
  void begin_answer();
  void stop_timers() { retry_timer_ = first_token_timer_ = 0; }
  upstream_conversation& current() const { return *conversations_[attempts_.upstream()]; }

  std::shared_ptr<retry_plan> plan_;
  upstream_listener& listener_;
  conversation_context context_;
  /// By upstream; null until the first try there, except for the first upstream.
  std::vector<std::unique_ptr<upstream_conversation>> conversations_;
  turn_attempts attempts_;

  // State of the running turn:
  upstream_turn turn_;
  /// Whether some of its answer has been passed on.
  bool answer_began_ = false;
  /// The number of the last timer, and the numbers of those that still count; 0 for none.
  std::uint64_t last_timer_ = 0;
  std::uint64_t retry_timer_ = 0;
  std::uint64_t first_token_timer_ = 0;
};

} // namespace nekod
