#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

namespace nekod {

/// When a circuit opens, and for how long.
struct circuit_options {
  /// Failures in a row that open it; 0 keeps it closed for ever.
  unsigned failures = 5;
  /// From its opening to the first trial; doubled after each trial that fails.
  std::chrono::milliseconds rest{5'000};
  std::chrono::milliseconds longest_rest{60'000};
};

/// Keeps turns away from an upstream that fails them one after the other: they are answered at once
/// then, and the upstream has time to recover. After a rest one turn is let through for trial; if
/// it does well, all are. May be used from any thread.
class circuit {
public:
  using clock = std::chrono::steady_clock;

  explicit circuit(circuit_options o = {}) : options_(o) {}

  /// Asks for leave to make a call. Who gets it says how the call ended.
  /// @returns nothing, or the time until another may be tried.
  std::optional<clock::duration> refuses(clock::time_point now);

  /// The upstream did what it is there for.
  void succeeded();

  /// A call failed in a way that tells of the upstream, not of the call.
  void failed(clock::time_point now);

  /// A call was given up, or told nothing of the upstream.
  void learned_nothing();

  /// Lets nothing through until *then*: the upstream asked for it. That is no failure.
  void rest_until(clock::time_point then);

  /// Whether all calls are let through.
  bool is_closed() const;

  /// Whether failures keep all calls away. Not so once a trial is due: somebody has to make it.
  bool is_open(clock::time_point now) const;

private:
  /// How soon another may try while a trial runs.
  static constexpr std::chrono::seconds trial_time{1};
  /// After that another one is let through, whatever became of the first.
  static constexpr std::chrono::seconds longest_trial{60};

  circuit_options options_;
  mutable std::mutex mutex_;
  unsigned failures_in_a_row_ = 0;
  /// Set while it is open.
  std::optional<clock::time_point> next_trial_;
  clock::time_point asked_rest_;
  bool trial_runs_ = false;
  clock::time_point trial_began_;
  clock::duration rest_{0};
};

} // namespace nekod
