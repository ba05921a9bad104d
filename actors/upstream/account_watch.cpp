#include "actors/upstream/account_watch.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace nekod {

namespace {

using openai::error;
using openai::error_code;

/// Failed calls in a row after which an upstream that can be connected to counts as gone, too.
constexpr unsigned failures_that_tell = 5;

// How long an account rests at least, and at most when it does so again and again: one that was
// refused, and one that was limited and not told for how long.
constexpr std::chrono::seconds refused_rest{60};
constexpr std::chrono::minutes longest_refused_rest{15};
constexpr std::chrono::seconds limited_rest{1};
constexpr std::chrono::seconds longest_limited_rest{60};

/// How long all accounts rest at most since our address is limited.
constexpr std::chrono::seconds longest_common_rest{300};

/// Whether the account took the call, though its client may not like the answer.
bool works_with(const error* problem) {
  return problem == nullptr || problem->code == error_code::rate_limit_exceeded || problem->foreign;
}

call_outcome outcome_of(const error* problem, transfer_failure f) {
  if (problem == nullptr)
    return call_outcome::ok;
  if (problem->code == error_code::upstream_timeout)
    return call_outcome::timeout;
  return f == transfer_failure::none ? call_outcome::refused : call_outcome::failed;
}

} // namespace

account_watch::account_watch(account_identity who, std::shared_ptr<metrics> counts,
                             std::vector<std::string> calls, std::shared_ptr<circuit> line)
    : who_(std::move(who)),
      counts_(std::move(counts)),
      states_(counts_->upstream_accounts(who_.upstream)),
      circuit_open_(counts_->upstream(who_.upstream).circuit_open),
      circuit_(std::move(line)),
      names_(std::move(calls)) {
  for (const auto& name : names_)
    calls_.push_back(counts_->upstream_calls(who_.upstream, name));
  states_[state_].Increment();
}

account_watch::~account_watch() { states_[state_].Decrement(); }

void account_watch::ended(const running_call& c, const error* problem, transfer_failure f,
                          const upstream_response& r, clock::time_point now) {
  count(c, outcome_of(problem, f));
  tell_circuit(c, problem, f, r, now);
  auto works = works_with(problem);
  auto failures = works ? failures_in_a_row_ = 0 : ++failures_in_a_row_;
  if (problem != nullptr && problem->code == error_code::upstream_auth_failed) {
    stands(account_state::refused);
    rests(refused_rest, longest_refused_rest, now);
  } else if (problem != nullptr && problem->code == error_code::rate_limit_exceeded &&
             !is_page(r)) {
    stands(account_state::limited);
    if (r.retry_after)
      rest_ends_ = (now + std::max(*r.retry_after, limited_rest)).time_since_epoch().count();
    else
      rests(limited_rest, longest_limited_rest, now);
  } else if (works) {
    last_rest_ = 0;
    if (state_ == account_state::refused)
      rest_ends_ = 0;
    stands(account_state::works);
  } else if (f == transfer_failure::unreachable || f == transfer_failure::connect_timeout ||
             failures >= failures_that_tell) {
    stands(account_state::unreachable);
  }
}

/// What the call tells of the upstream, whoever made it.
void account_watch::tell_circuit(const running_call& c, const error* problem, transfer_failure f,
                                 const upstream_response& r, clock::time_point now) {
  if (c.purpose == call_purpose::listing)
    return;
  auto replies = r.status > 0 && r.status < 500;
  if (r.status == 429 && is_page(r)) {
    circuit_->rest_until(now + std::min(r.retry_after.value_or(limited_rest), longest_common_rest));
    circuit_->learned_nothing();
  } else if (!replies) {
    circuit_->failed(now);
  } else if (c.purpose == call_purpose::answering &&
             (problem == nullptr || (f == transfer_failure::none && !r.ok()))) {
    circuit_->succeeded();
  } else if (problem != nullptr) {
    circuit_->learned_nothing();
  }
  circuit_open_.Set(circuit_->is_closed() ? 0 : 1);
}

void account_watch::rests(clock::duration least, clock::duration longest, clock::time_point now) {
  // What was under way when it began to rest tells nothing new.
  if (rest(now) > clock::duration::zero())
    return;
  auto next = std::clamp(2 * clock::duration{last_rest_.load()}, least, longest);
  last_rest_ = next.count();
  rest_ends_ = (now + next).time_since_epoch().count();
}

account_watch::clock::duration account_watch::rest(clock::time_point now) const noexcept {
  return clock::duration{rest_ends_.load()} - now.time_since_epoch();
}

void account_watch::cancelled(const running_call& c) {
  count(c, call_outcome::cancelled);
  circuit_->learned_nothing();
}

void account_watch::skipped(std::uint64_t events) {
  if (events > 0)
    counts_->skipped_events.Increment(static_cast<double>(events));
}

void account_watch::count(const running_call& c, call_outcome outcome) {
  const auto& series = calls_[c.kind];
  series.outcomes[outcome].Increment();
  auto seconds = in_seconds(std::chrono::steady_clock::now() - c.begun);
  series.seconds.Observe(seconds);
  spdlog::debug("upstream {} {} after {:.1f}ms", names_[c.kind], name_of(outcome), seconds * 1000);
}

void account_watch::stands(account_state next) {
  auto before = state_.exchange(next);
  if (before == next)
    return;
  states_[before].Decrement();
  states_[next].Increment();
}

bool is_page(const upstream_response& r) noexcept {
  auto first = r.body.find_first_not_of(" \t\r\n");
  return first != std::string::npos && r.body[first] == '<';
}

error failure_of(transfer_failure f, const upstream_response& r) {
  switch (f) {
  case transfer_failure::unreachable:
    return {error_code::upstream_error, {}, "cannot connect to the upstream"};
  case transfer_failure::connect_timeout:
    return {error_code::upstream_timeout, {}, "connecting to the upstream"};
  case transfer_failure::first_byte_timeout:
    return {error_code::upstream_timeout, {}, "waiting for the upstream's first byte"};
  case transfer_failure::silence_timeout:
    return {error_code::upstream_timeout, {}, "the upstream's reply stopped"};
  case transfer_failure::whole_timeout:
    return {error_code::upstream_timeout, {}, "the upstream's reply took too long"};
  case transfer_failure::malformed:
    return {error_code::upstream_error, {}, "the upstream's reply is not HTTP"};
  case transfer_failure::undecodable:
    return {error_code::upstream_error,
            {},
            "the upstream's reply cannot be decoded; its Content-Encoding is " + r.content_coding};
  case transfer_failure::too_long:
    return {error_code::upstream_error, {}, "the upstream's reply is too long"};
  case transfer_failure::none:
  case transfer_failure::cut:
    break;
  }
  return {error_code::upstream_error, {}, "the upstream's reply was cut short"};
}

} // namespace nekod
