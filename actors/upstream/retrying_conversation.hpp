#pragma once

#include "actors/upstream/retry_plan.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nekod {

/// A conversation at an upstream that may fail and may have fall-backs. A turn begins at the first
/// of these that admits it, or at the upstream itself if none does. A turn that fails before any of
/// its answer was passed on is tried again, while its client waits:
///
///  1. by another account, if that may help;
///  2. at the same upstream once more, if that is cheap;
///  3. at each fall-back that admits it;
///  4. after a back-off, from the start, if the upstream surely did not take it.
///
/// While the upstream is loading, the turn starts over each second. A conversation that is too long
/// goes only to fall-backs marked for long ones. If all tries fail, the client gets the failure of
/// the upstream itself, since that of a fall-back concerns a server it did not ask for.
class retrying_conversation : public upstream_conversation, private upstream_listener {
public:
  retrying_conversation(std::shared_ptr<retry_plan> plan, upstream_chat known,
                        upstream_listener& listener, conversation_context context);

  void begin(const upstream_turn& turn) override;
  void settle() override;
  void cancel(std::optional<std::chrono::steady_clock::time_point> client_left) override;
  void let_go() override;
  void give_up_late() override;
  bool may_have_told() const noexcept override;
  void grant(std::size_t bytes) override;
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
  void on_other_upstream(const std::string&, const std::string&) override {}

  void open(std::size_t index, upstream_chat known);
  void begin_round();
  void try_at(std::size_t index);
  const std::string& model_at(std::size_t index) const;
  bool admits(std::size_t index) const;
  std::optional<std::size_t> next_upstream() const;
  bool try_elsewhere(const upstream_failure& f);
  bool try_once_more(const upstream_failure& f);
  bool take_retry();
  bool try_later(const upstream_failure& f);
  bool wait_for_loading(const upstream_failure& f);
  void look_after_loading();
  void tell_who_answers();
  std::optional<std::chrono::milliseconds> wait_before_retry(const upstream_failure& f) const;
  std::uint64_t wake_after(std::chrono::milliseconds time);
  void stop_clocks();
  upstream_conversation& current() const { return *conversations_[index_]; }

  std::shared_ptr<retry_plan> plan_;
  upstream_listener& listener_;
  conversation_context context_;
  /// By upstream; null until the first try there, except for the first upstream.
  std::vector<std::unique_ptr<upstream_conversation>> conversations_;

  // Of the running turn:
  upstream_turn turn_;
  std::size_t index_ = 0;
  unsigned retries_ = 0;
  unsigned moves_ = 0;
  // Of this round: which upstreams were tried; which one was tried once more; whether only
  // fall-backs for long conversations are left.
  std::vector<bool> tried_;
  std::optional<std::size_t> tried_twice_;
  bool too_long_ = false;
  /// Since when the turn has waited for an upstream that is loading.
  std::optional<std::chrono::steady_clock::time_point> loading_since_;
  /// Whether some of its answer was passed on; then it is not tried again.
  bool answered_ = false;
  /// How the first upstream failed in this round.
  std::optional<upstream_failure> first_failure_;

  /// Numbers of the last timer and of those that still count; 0 for none.
  std::uint64_t last_wake_ = 0;
  std::uint64_t retry_wake_ = 0;
  std::uint64_t first_token_wake_ = 0;
};

} // namespace nekod
