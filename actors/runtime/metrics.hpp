#pragma once

#include "protocol/chat/failure.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The metrics of nekod, for Prometheus. Everything that counts shares one object; all of it is
/// thread-safe.
///
/// Labels have bounded sets of values, so that no client can create series.
namespace nekod {

/// The state of a session in memory.
enum class session_phase : std::uint8_t {
  /// The store could not answer whether it knows the session; the next turn asks again.
  unknown,
  /// Its record is being read.
  loading,
  idle,
  /// The upstream is working on a turn.
  answering,
  /// The record is being written.
  committing,
  /// The upstream is being told that its reply was chosen.
  settling,
  /// Not a phase: the number of phases.
  count,
};

/// The outcome of a turn.
enum class turn_outcome : std::uint8_t {
  answered,
  failed,
  /// Its client left.
  cancelled,
  /// There was no room for it, or the upstream cannot do what it asks for.
  refused,
  count,
};

/// The outcome of a call to an upstream.
enum class call_outcome : std::uint8_t {
  ok,
  /// The upstream refused it.
  refused,
  /// No connection, or one that broke.
  failed,
  timeout,
  /// We cancelled it.
  cancelled,
  count,
};

/// The answer that a retried request got.
enum class repeat_outcome : std::uint8_t {
  /// That of the running turn.
  joined,
  /// An answer given before.
  replayed,
  count,
};

/// The known state of an upstream account.
enum class account_state : std::uint8_t { unknown, works, refused, limited, unreachable, count };

std::string_view name_of(session_phase p) noexcept;
std::string_view name_of(turn_outcome o) noexcept;
std::string_view name_of(repeat_outcome o) noexcept;
std::string_view name_of(call_outcome o) noexcept;
std::string_view name_of(account_state s) noexcept;

/// One series for each value of an enumeration, created at once so that none is missing before its
/// first event.
template <class Metric, class Enum>
class series_of {
public:
  series_of(prometheus::Family<Metric>& family, const char* label,
            const prometheus::Labels& others = {}) {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      auto labels = others;
      labels.emplace(label, name_of(static_cast<Enum>(i)));
      all_[i] = &family.Add(labels);
    }
  }

  Metric& operator[](Enum value) const noexcept { return *all_[static_cast<std::size_t>(value)]; }

private:
  std::array<Metric*, static_cast<std::size_t>(Enum::count)> all_{};
};

/// The series of one kind of upstream call.
struct call_metrics {
  series_of<prometheus::Counter, call_outcome> outcomes;
  prometheus::Histogram& seconds;
};

/// The series of one upstream's turns.
struct upstream_metrics {
  /// Retries at that upstream.
  prometheus::Counter& retries;
  /// Retries that its budget did not allow.
  prometheus::Counter& refused_retries;
  /// Turns that went to a fall-back.
  prometheus::Counter& fallbacks;
  /// 1 while its circuit breaker is open or half-open.
  prometheus::Gauge& circuit_open;
};

class metrics {
public:
  using clock = std::chrono::steady_clock;

  metrics();
  metrics(const metrics&) = delete;
  metrics& operator=(const metrics&) = delete;

  /// The series of the upstream's calls with the name *call*. Ask once and keep them.
  call_metrics upstream_calls(const std::string& upstream, const std::string& call);

  /// The states of the upstream's accounts.
  series_of<prometheus::Gauge, account_state> upstream_accounts(const std::string& upstream);

  /// The series of the upstream's retries and fall-backs, and of its circuit breaker.
  upstream_metrics upstream(const std::string& name);

  /// An HTTP request was answered, or ended without an answer: then *status* is 0.
  void request_ended(std::string_view method, const std::string& endpoint, std::uint16_t status,
                     std::chrono::microseconds duration);

  /// A turn ended without an answer; *number* counts several turns of one request.
  void turn_failed(turn_outcome outcome, chat::failure_code code, double number = 1);

  /// The limit of that name refused a request.
  void rate_limited(const std::string& limit);

  /// The rule *match* found the session of a turn.
  void session_matched(std::string_view match);

  /// All series; others may add theirs.
  prometheus::Registry registry;

private:
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Histogram& request_duration_;
  prometheus::Family<prometheus::Counter>& responses_;
  prometheus::Family<prometheus::Counter>& rate_limited_;
  prometheus::Family<prometheus::Counter>& turn_failures_;
  prometheus::Family<prometheus::Counter>& matches_;
  prometheus::Family<prometheus::Counter>& upstream_calls_;
  prometheus::Family<prometheus::Histogram>& upstream_call_seconds_;
  prometheus::Family<prometheus::Gauge>& upstream_accounts_;
  prometheus::Family<prometheus::Counter>& retries_;
  prometheus::Family<prometheus::Counter>& refused_retries_;
  prometheus::Family<prometheus::Counter>& fallbacks_;
  prometheus::Family<prometheus::Gauge>& circuit_open_;

public:
  const series_of<prometheus::Gauge, session_phase> sessions;
  const series_of<prometheus::Counter, turn_outcome> turns;
  const series_of<prometheus::Counter, repeat_outcome> repeats;
  prometheus::Gauge& stored_sessions;
  prometheus::Gauge& stored_responses;
  /// The time to write a batch of records to the disk, and the number of records written.
  prometheus::Histogram& store_commit;
  prometheus::Counter& stored_records;
  prometheus::Counter& model_fallbacks;

  /// From a request's arrival to the first text for its client.
  prometheus::Histogram& first_token;
  /// Between two pieces of text of one answer; and the upper bounds of its buckets.
  prometheus::Histogram& between_chunks;
  static const std::vector<double>& between_chunks_bounds();

  /// An upstream transfer was paused because its text is not being sent.
  prometheus::Counter& credit_stalls;
  /// Events of upstream replies that were not understood.
  prometheus::Counter& skipped_events;
  /// From a client's leaving to the end of its upstream transfer.
  prometheus::Histogram& client_leave;
};

/// Converts to seconds, Prometheus' unit.
template <class Duration>
double in_seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}

} // namespace nekod
