#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>

namespace nekod {

/// When a circuit breaker opens, and how often it is probed then.
struct circuit_options {
  /// Failures in a row that open it; 0 keeps it closed for ever.
  unsigned failures = 5;
  /// From its opening to the first probe, and from one probe to the next; doubled after each trial
  /// turn that fails, up to `longest_probe_interval`.
  std::chrono::milliseconds probe_interval{5'000};
};

/// The longest time between two probes of an open circuit.
inline constexpr std::chrono::milliseconds longest_probe_interval{15'000};

/// The circuit breaker of one upstream. After failures in a row it opens: turns that have an
/// alternative go there, and we probe the upstream with a cheap call. A probe that goes well makes
/// it half-open, where one turn at a time is let through for trial; a turn that goes well closes
/// it. It never decides that a turn is refused. May be used from any thread.
class circuit {
public:
  using clock = std::chrono::steady_clock;

  enum class phase : std::uint8_t { closed, open, half_open };

  explicit circuit(circuit_options o = {}) : options_(o) {}

  /// Whether a turn that has an alternative goes to this upstream. In the half-open phase a yes
  /// makes that turn the trial, and its caller reports how it ended.
  bool admits(clock::time_point now);

  /// A turn went well: closes the circuit.
  void succeeded();

  /// The upstream answered with an error of its own: it is alive, which says nothing of a trial.
  void answered();

  /// A call failed through a fault of the upstream, not of the request.
  /// @param begun When it began: in the half-open phase older calls do not count.
  void failed(clock::time_point now, clock::time_point begun);

  /// A call was given up, or says nothing about the upstream.
  void learned_nothing();

  /// Admits nothing until *then*: the upstream asked for it. That is no failure.
  void rest_until(clock::time_point then);

  // Probes.

  /// Whether a probe is due now; the caller makes it then and reports with `probed`.
  bool wants_probe(clock::time_point now);

  /// The time until the next probe is due; nothing while the circuit is not open.
  std::optional<clock::duration> time_to_probe(clock::time_point now) const;

  /// A probe ended.
  void probed(bool well, clock::time_point now);

  /// Has *f* called each time the circuit opens, from any thread and without its lock.
  void on_open(std::function<void()> f);

  // The upstream's state.

  phase now_in() const;

  /// The time until `rest_until` is over; zero where it is.
  clock::duration rest(clock::time_point now) const;

  /// A connection to the upstream was made.
  void connected();

  /// Whether one was ever made.
  bool was_connected() const;

private:
  /// Another turn is let through for trial after that time, whatever became of the first.
  static constexpr std::chrono::seconds longest_trial{60};

  void open(clock::time_point now, clock::duration interval);

  circuit_options options_;
  std::function<void()> opened_;
  mutable std::mutex mutex_;
  phase phase_ = phase::closed;
  unsigned failures_in_a_row_ = 0;
  clock::time_point half_open_since_;
  clock::time_point next_probe_;
  clock::duration interval_{0};
  clock::time_point asked_rest_;
  bool trial_runs_ = false;
  clock::time_point trial_began_;
  bool connected_ = false;
};

} // namespace nekod
