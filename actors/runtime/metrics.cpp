#include "actors/runtime/metrics.hpp"

#include <algorithm>

namespace nekod {

namespace {

using buckets = prometheus::Histogram::BucketBoundaries;

/// For whole requests and calls: an answer takes seconds, a list of models milliseconds.
const buckets long_times{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                         1,     2.5,    5,     10,   30,    60,   120, 300,  600};

/// For times between two events of a stream.
const buckets short_times{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                          0.5,   1,      2.5,   5,    10,    15,   30};

prometheus::Family<prometheus::Counter>& counters(prometheus::Registry& r, const char* name,
                                                  const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(r);
}

prometheus::Family<prometheus::Gauge>& gauges(prometheus::Registry& r, const char* name,
                                              const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(r);
}

prometheus::Family<prometheus::Histogram>& histograms(prometheus::Registry& r, const char* name,
                                                      const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(r);
}

} // namespace

std::string_view name_of(session_phase p) noexcept {
  switch (p) {
  case session_phase::answering:
    return "answering";
  case session_phase::committing:
    return "committing";
  case session_phase::settling:
    return "settling";
  case session_phase::loading:
    return "loading";
  case session_phase::idle:
    return "idle";
  default:
    return "unknown";
  }
}

std::string_view name_of(turn_outcome o) noexcept {
  switch (o) {
  case turn_outcome::answered:
    return "answered";
  case turn_outcome::cancelled:
    return "cancelled";
  case turn_outcome::refused:
    return "refused";
  default:
    return "failed";
  }
}

std::string_view name_of(repeat_outcome o) noexcept {
  return o == repeat_outcome::joined ? "joined" : "replayed";
}

std::string_view name_of(call_outcome o) noexcept {
  switch (o) {
  case call_outcome::ok:
    return "ok";
  case call_outcome::refused:
    return "refused";
  case call_outcome::timeout:
    return "timeout";
  case call_outcome::cancelled:
    return "cancelled";
  default:
    return "failed";
  }
}

std::string_view name_of(account_state s) noexcept {
  switch (s) {
  case account_state::works:
    return "works";
  case account_state::refused:
    return "refused";
  case account_state::limited:
    return "limited";
  case account_state::unreachable:
    return "unreachable";
  default:
    return "unknown";
  }
}

metrics::metrics()
    : requests_(counters(registry, "anuneko_requests_total", "Total requests")),
      request_duration_(histograms(registry, "anuneko_request_duration_seconds", "Request duration")
                            .Add({}, long_times)),
      responses_(counters(registry, "nekod_responses_total",
                          "Answers by HTTP status; client_left if the client left before one")),
      rate_limited_(counters(registry, "nekod_rate_limited_total",
                             "Requests refused by a rate limit, by the limit")),
      turn_failures_(counters(registry, "nekod_turn_failures_total",
                              "Turns that failed or were refused, by error code")),
      matches_(counters(registry, "nekod_session_match_total",
                        "Turns by the rule that found their session")),
      upstream_calls_(counters(registry, "nekod_upstream_calls_total",
                               "Calls to upstreams, by upstream, kind and outcome")),
      upstream_call_seconds_(histograms(registry, "nekod_upstream_call_seconds",
                                        "Duration of calls to upstreams, by upstream and kind")),
      upstream_accounts_(
          gauges(registry, "nekod_upstream_accounts", "Upstream accounts, by upstream and state")),
      retries_(counters(registry, "nekod_upstream_retries_total", "Retried turns, by upstream")),
      refused_retries_(counters(registry, "nekod_upstream_retries_refused_total",
                                "Retries that an upstream's retry budget did not allow")),
      fallbacks_(counters(registry, "nekod_upstream_fallbacks_total",
                          "Turns that went to a fall-back, by the upstream that failed")),
      circuit_open_(gauges(registry, "nekod_upstream_circuit_open",
                           "1 while an upstream's circuit breaker is open or half-open")),
      sessions(gauges(registry, "nekod_sessions", "Sessions in memory, by state"), "state"),
      turns(counters(registry, "nekod_turns_total", "Turns by outcome"), "outcome"),
      repeats(counters(registry, "nekod_repeated_requests_total",
                       "Repeated requests that did not reach the upstream, by outcome"),
              "outcome"),
      stored_sessions(gauges(registry, "nekod_stored_sessions", "Sessions in the store").Add({})),
      stored_responses(gauges(registry, "nekod_stored_responses",
                              "Responses in the store, with those kept because others follow them")
                           .Add({})),
      store_commit(histograms(registry, "nekod_store_commit_seconds",
                              "Time to write a batch of session records to the disk")
                       .Add({}, short_times)),
      stored_records(
          counters(registry, "nekod_store_records_total", "Session records written to the disk")
              .Add({})),
      model_fallbacks(counters(registry, "nekod_model_fallbacks_total",
                               "Turns for an unknown model, answered by the default one")
                          .Add({})),
      first_token(histograms(registry, "nekod_time_to_first_token_seconds",
                             "From a request's arrival to the first text for its client")
                      .Add({}, long_times)),
      between_chunks(histograms(registry, "nekod_time_between_chunks_seconds",
                                "Between two pieces of text of one answer")
                         .Add({}, short_times)),
      credit_stalls(counters(registry, "nekod_credit_stalls_total",
                             "Upstream transfers paused because their client does not read")
                        .Add({})),
      skipped_events(counters(registry, "nekod_upstream_skipped_events_total",
                              "Events of upstream replies that were not understood")
                         .Add({})),
      client_leave(histograms(registry, "nekod_client_leave_seconds",
                              "From a client's leaving to the end of its upstream transfer")
                       .Add({}, short_times)) {
  for (const auto* match : {"explicit", "transcript", "new", "seeded"})
    matches_.Add({{"match", match}});
  for (const auto* limit : {"requests", "chat"})
    rate_limited_.Add({{"limit", limit}});
}

const std::vector<double>& metrics::between_chunks_bounds() { return short_times; }

call_metrics metrics::upstream_calls(const std::string& upstream, const std::string& call) {
  const prometheus::Labels labels{{"upstream", upstream}, {"call", call}};
  return {{upstream_calls_, "outcome", labels}, upstream_call_seconds_.Add(labels, long_times)};
}

series_of<prometheus::Gauge, account_state>
metrics::upstream_accounts(const std::string& upstream) {
  return {upstream_accounts_, "state", {{"upstream", upstream}}};
}

upstream_metrics metrics::upstream(const std::string& name) {
  const prometheus::Labels labels{{"upstream", name}};
  return {retries_.Add(labels), refused_retries_.Add(labels), fallbacks_.Add(labels),
          circuit_open_.Add(labels)};
}

void metrics::request_ended(std::string_view method, const std::string& endpoint,
                            std::uint16_t status, std::chrono::microseconds duration) {
  constexpr std::array<std::string_view, 5> known{"GET", "POST", "DELETE", "HEAD", "OPTIONS"};
  auto is_known = std::find(known.begin(), known.end(), method) != known.end();
  requests_.Add({{"method", is_known ? std::string{method} : "other"}, {"endpoint", endpoint}})
      .Increment();
  request_duration_.Observe(in_seconds(duration));
  responses_.Add({{"status", status == 0 ? "client_left" : std::to_string(status)}}).Increment();
}

void metrics::turn_failed(turn_outcome outcome, chat::failure_code code, double number) {
  turns[outcome].Increment(number);
  turn_failures_.Add({{"code", std::string{name_of(code)}}}).Increment(number);
}

void metrics::rate_limited(const std::string& limit) {
  rate_limited_.Add({{"limit", limit}}).Increment();
}

void metrics::session_matched(std::string_view match) {
  matches_.Add({{"match", std::string{match}}}).Increment();
}

} // namespace nekod
