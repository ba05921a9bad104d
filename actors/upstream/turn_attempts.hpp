#pragma once

#include "actors/upstream/retry_plan.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace nekod {

/// Where and when a turn is tried, and retried if it failed before any of its answer was passed on.
/// Decides only; the caller makes the tries.
///
/// A turn begins at the first of the upstream and its fall-backs that admits it, or at the upstream
/// itself if none does. After a failure it is tried
///
///  1. by another account, if that may help;
///  2. at the same upstream once more, if that is cheap;
///  3. at each fall-back that admits it;
///  4. after a back-off, from the start, if the upstream certainly did not accept it.
///
/// While the upstream is loading, the turn starts over every second. A conversation that is too
/// long goes only to fall-backs marked for long ones. If all tries fail, the failure is that of the
/// upstream itself, since the client did not ask for a fall-back.
class turn_attempts {
public:
  /// Try the turn at the upstream with that index now.
  struct try_now {
    std::size_t upstream = 0;
  };
  /// Call `on_wait_over` after that time.
  struct wait_for {
    std::chrono::milliseconds time{0};
  };
  /// Fail the turn.
  struct give_up {
    upstream_failure reason;
  };
  using step = std::variant<try_now, wait_for, give_up>;

  explicit turn_attempts(std::shared_ptr<retry_plan> plan) : plan_(std::move(plan)) {}

  /// A turn of *model* begins.
  try_now begin(std::string model);

  /// The newest try failed.
  step on_failure(upstream_failure f);

  /// The time of `wait_for` is over.
  step on_wait_over();

  /// The index of the upstream that was tried last.
  std::size_t upstream() const noexcept { return upstream_; }

  /// The turn's model, as the upstream with that index names it.
  const std::string& model_at(std::size_t upstream) const;

private:
  try_now begin_round();
  try_now try_at(std::size_t upstream);
  bool admits(std::size_t upstream) const;
  std::optional<std::size_t> next_upstream() const;
  bool may_try_once_more(const upstream_failure& f);
  std::optional<std::size_t> elsewhere(const upstream_failure& f);
  bool take_retry();
  std::optional<std::chrono::milliseconds> wait_for_loading(const upstream_failure& f);
  std::optional<std::chrono::milliseconds> back_off(const upstream_failure& f) const;

  std::shared_ptr<retry_plan> plan_;
  std::string model_;
  std::size_t upstream_ = 0;
  unsigned retries_ = 0;
  /// The number of moves to another account.
  unsigned moves_ = 0;
  /// Since when the turn has been waiting for an upstream that is loading.
  std::optional<retry_plan::clock::time_point> loading_since_;

  // State of this round: which upstreams were tried, which one was tried once more, whether only
  // fall-backs for long conversations are left, and how the first upstream failed.
  std::vector<bool> tried_;
  std::optional<std::size_t> tried_twice_;
  bool too_long_ = false;
  std::optional<upstream_failure> first_failure_;
};

} // namespace nekod
