#pragma once

#include "actors/upstream/retrying.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nekod {

/// One conversation's line to an upstream that may fail. A turn that failed before any of its
/// answer was passed on goes
///
///     to another account, where that may help -> to each fall-back -> after a while, where the
///     upstream surely did not take it, round again
///
/// and its client waits. What failed for good is told as the upstream itself failed: what its
/// fall-backs said of a request that was not meant for them is no help.
class retrying_line : public chat_upstream, private upstream_listener {
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

  void open(std::size_t place, upstream_chat known);
  void try_at(std::size_t place);
  bool try_later(const upstream_failure& f);
  std::optional<std::chrono::milliseconds> wait_before_retry(const upstream_failure& f) const;
  std::uint64_t wake_after(std::chrono::milliseconds time);
  void stop_clocks();
  chat_upstream& line() const { return *lines_[place_]; }

  std::shared_ptr<retry_plan> plan_;
  upstream_listener& listener_;
  line_context context_;
  /// One a place; null where none was needed yet, but for the first.
  std::vector<std::unique_ptr<chat_upstream>> lines_;

  // Of the running turn:
  upstream_turn turn_;
  std::size_t place_ = 0;
  unsigned retries_ = 0;
  unsigned moves_ = 0;
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
