#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>

namespace nekod {

/// When a circuit breaker opens, and how often the upstream is probed then.
struct circuit_options {
  /// Consecutive failures that open it; 0 keeps it closed for ever.
  unsigned failures = 5;
  /// The time from its opening to the first probe, and between two probes; doubled after each
  /// failed trial turn, up to `longest_probe_interval`.
  std::chrono::milliseconds probe_interval{5'000};
};

/// The longest time between two probes of an open circuit.
inline constexpr std::chrono::milliseconds longest_probe_interval{15'000};

/// The circuit breaker of one upstream. It opens after consecutive failures: turns that have an
/// alternative go there, and we probe the upstream with a cheap call. A successful probe makes it
/// half-open: one turn at a time is let through as a trial, and a successful turn closes it. It
/// never refuses a turn. May be used from any thread.
class circuit {
public:
  using clock = std::chrono::steady_clock;

  enum class phase : std::uint8_t { closed, open, half_open };

  explicit circuit(circuit_options o = {}) : options_(o) {}

  /// Whether a turn that has an alternative should go to this upstream. In the half-open phase a
  /// yes makes that turn the trial, and its caller reports how it ended.
  bool try_admit(clock::time_point now);

  /// A turn succeeded: closes the circuit.
  void succeeded();

  /// The upstream answered with an error of its own: it is alive, which decides nothing about a
  /// trial.
  void answered();

  /// A call failed through a fault of the upstream, not of the request.
  /// @param begun When the call began: in the half-open phase older calls do not count.
  void failed(clock::time_point now, clock::time_point begun);

  /// A call was cancelled, or a turn ended, without telling whether the upstream works: the trial
  /// of a half-open circuit is free for another turn.
  void learned_nothing();

  /// Admits nothing until *then*, because the upstream asked for it. This is not a failure.
  void rest_until(clock::time_point then);

  // Probes.

  /// Whether a probe is due now; if so, the caller makes it and reports the result to `probed`.
  bool take_probe(clock::time_point now);

  /// The time until the next probe is due; nothing while the circuit is not open.
  std::optional<clock::duration> time_to_probe(clock::time_point now) const;

  /// A probe ended.
  void probed(bool well, clock::time_point now);

  /// Sets a function that is called each time the circuit opens, from any thread and without its
  /// lock.
  void on_open(std::function<void()> f);

  // The upstream's state.

  phase now_in() const;

  /// How long it has not been closed, or, if it is, been closed again; nothing if it never opened.
  std::optional<clock::duration> since_change(clock::time_point now) const;

  /// The time until `rest_until` is over; zero if it is.
  clock::duration rest(clock::time_point now) const;

  /// A connection to the upstream was made.
  void connected();

  /// Whether a connection was ever made.
  bool was_connected() const;

private:
  /// After this time another trial turn is let through, whatever happened to the first.
  static constexpr std::chrono::seconds longest_trial{60};

  void open(clock::time_point now, clock::duration interval);

  circuit_options options_;
  std::function<void()> opened_;
  mutable std::mutex mutex_;
  phase phase_ = phase::closed;
  unsigned failures_in_a_row_ = 0;
  /// When it opened, or closed again.
  std::optional<clock::time_point> changed_;
  clock::time_point half_open_since_;
  clock::time_point next_probe_;
  clock::duration interval_{0};
  clock::time_point asked_rest_;
  bool trial_runs_ = false;
  clock::time_point trial_began_;
  bool connected_ = false;
};

} // namespace nekod
