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

/// How a turn is tried again that failed before its answer began.
struct retry_options {
  /// Tries after the first one, at the same upstream.
  unsigned retries = 2;
  /// Tries that each turn adds to what all of the upstream's turns may use.
  double budget = 0.2;
  /// Before the first of them; doubled each time, less up to a half of it by chance.
  std::chrono::milliseconds wait{250};
  /// An upstream that wants to be left alone for longer is not waited for.
  std::chrono::milliseconds longest_wait{10'000};
  /// Until a stream's first text; zero for no limit.
  std::chrono::milliseconds first_token{0};
  /// How long a turn waits for an upstream that is loading; zero for not at all.
  std::chrono::milliseconds loading_wait{60'000};
};

/// An upstream that takes a turn in another's place.
struct fallback {
  std::shared_ptr<upstream_service> service;
  /// The model that answers there; empty for the one of the same name.
  std::string model = {};
  /// Whether it takes conversations that are too long for the upstream it stands in for.
  bool long_context = false;
};

/// What all conversations at an upstream with retries share.
struct retry_plan {
  using clock = std::chrono::steady_clock;

  retry_plan(std::shared_ptr<upstream_service> s, std::vector<fallback> others, retry_options o,
             metrics& counts);

  /// Where a turn goes, in this order.
  std::vector<fallback> upstreams;
  retry_options options;
  retry_budget budget;
  upstream_metrics counts;
  /// Tells the time; tests move it.
  std::function<clock::time_point()> now = clock::now;
  /// When the upstream was last seen loading. Of all turns that wait for it one asks at a time.
  std::atomic<clock::time_point> seen_loading{};
};

/// How often an upstream that is loading is asked again.
inline constexpr std::chrono::milliseconds loading_step{1'000};

} // namespace nekod
