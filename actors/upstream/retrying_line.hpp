#pragma once

#include "actors/upstream/retrying.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nekod {

/// One conversation's line to an upstream that may fail. A turn begins at the first of the upstream
/// and its fall-backs that admits it, or at the upstream itself where none does. Failing before any
/// of its answer was passed on it goes
///
///     to another account, where that may help -> to the same upstream once more, where that costs
///     little -> to each fall-back that admits it -> after a while, where the upstream surely did
///     not take it, round again
///
/// and its client waits. Where the upstream is loading, it goes round each second until that is
/// over. A conversation that is too long goes to fall-backs marked for that alone. What failed for
/// good is told as the upstream itself failed: what its fall-backs said of a request that was not
/// meant for them is no help.
class retrying_line : public upstream_conversation, private upstream_listener {
public:
  retrying_line(std::shared_ptr<retry_plan> plan, upstream_chat known, upstream_listener& listener,
                line_context context);

  void begin(const upstream_turn& turn) override;
  void settle() override;
  void cancel(std::optional<std::chrono::steady_clock::time_point> client_left) override;
  void let_go() override;
  void give_up_late() override;
  bool may_have_told() const noexcept override;
  void grant(std::size_t bytes) override;
  void on_transfer(transfer_event event) override;
  void on_wake(std::uint64_t number) override;
  const upstream_chat& chat() const noexcept override { return lines_.front()->chat(); }

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

  void open(std::size_t place, upstream_chat known);
  void begin_round();
  void try_at(std::size_t place);
  const std::string& model_at(std::size_t place) const;
  bool admits(std::size_t place) const;
  std::optional<std::size_t> next_place() const;
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
  upstream_conversation& line() const { return *lines_[place_]; }

  std::shared_ptr<retry_plan> plan_;
  upstream_listener& listener_;
  line_context context_;
  /// One a place; null where none was needed yet, but for the first.
  std::vector<std::unique_ptr<upstream_conversation>> lines_;

  // Of the running turn:
  upstream_turn turn_;
  std::size_t place_ = 0;
  unsigned retries_ = 0;
  unsigned moves_ = 0;
  /// Of this round: by place, where it was tried; where it was tried once more; whether only
  /// fall-backs for long conversations are left.
  std::vector<bool> tried_;
  std::optional<std::size_t> tried_twice_;
  bool too_long_ = false;
  /// Since when the turn waits for an upstream that is loading.
  std::optional<std::chrono::steady_clock::time_point> loading_since_;
  /// Whether some of its answer was passed on, after which it is not tried again.
  bool answered_ = false;
  /// What the first place said in this round.
  std::optional<upstream_failure> first_failure_;

  /// Of the time that was asked for last, and of those that still matter; 0 for none.
  std::uint64_t last_wake_ = 0;
  std::uint64_t retry_wake_ = 0;
  std::uint64_t first_token_wake_ = 0;
};

} // namespace nekod
