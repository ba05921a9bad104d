#pragma once

#include "actors/runtime/metrics.hpp"
#include "actors/upstream/accounts/retry_budget.hpp"
#include "actors/upstream/upstream.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace nekod {

/// How a turn that failed before its answer began is retried.
struct retry_options {
  /// Tries after the first one, at the same upstream.
  unsigned retries = 2;
  /// The retries that each turn adds to the budget of all of the upstream's turns.
  double budget = 0.2;
  /// The wait before the first retry; doubled each time, and randomly shortened by up to a half.
  std::chrono::milliseconds wait{250};
  /// If an upstream asks for a longer wait, the turn fails at once.
  std::chrono::milliseconds longest_wait{10'000};
  /// The time limit for a stream's first text; zero for no limit.
  std::chrono::milliseconds first_token{0};
  /// How long a turn waits for an upstream that is loading; zero for not at all.
  std::chrono::milliseconds loading_wait{60'000};
};

/// An upstream that takes a turn in another's place.
struct fallback {
  std::shared_ptr<upstream_service> service;
  /// The model that answers there; empty for the one with the same name.
  std::string model = {};
  /// Whether it takes conversations that are too long for the upstream it stands in for.
  bool long_context = false;
};

/// Shared by all conversations at an upstream with retries.
struct retry_plan {
  using clock = std::chrono::steady_clock;

  retry_plan(std::shared_ptr<upstream_service> s, std::vector<fallback> others, retry_options o,
             metrics& counts);

  /// The upstreams that a turn goes to, in this order.
  std::vector<fallback> upstreams;
  retry_options options;
  retry_budget budget;
  upstream_metrics counts;
  /// Returns the time; tests replace it.
  std::function<clock::time_point()> now = clock::now;
  /// When the upstream was last seen loading. Of all turns that wait for it, one asks at a time.
  std::atomic<clock::time_point> seen_loading{};
};

/// How often an upstream that is loading is asked again.
inline constexpr std::chrono::milliseconds loading_step{1'000};

} // namespace nekod
