#include "actors/upstream/account_watch.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace nekod {

namespace {

using openai::error;
using openai::error_code;

/// Failed calls in a row after which an upstream that can be connected to counts as gone, too.
constexpr unsigned failures_that_tell = 5;

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

account_watch::account_watch(std::shared_ptr<metrics> counts, std::vector<std::string> calls)
    : counts_(std::move(counts)), names_(std::move(calls)) {
  for (const auto& name : names_)
    calls_.push_back(counts_->upstream_calls(name));
  counts_->accounts[state_].Increment();
}

account_watch::~account_watch() { counts_->accounts[state_].Decrement(); }

void account_watch::ended(const running_call& c, const error* problem, transfer_failure f) {
  count(c, outcome_of(problem, f));
  auto works = works_with(problem);
  auto failures = works ? failures_in_a_row_ = 0 : ++failures_in_a_row_;
  if (works)
    stands(account_state::works);
  else if (problem->code == error_code::upstream_auth_failed)
    stands(account_state::refused);
  else if (f == transfer_failure::unreachable || f == transfer_failure::connect_timeout ||
           failures >= failures_that_tell)
    stands(account_state::unreachable);
}

void account_watch::cancelled(const running_call& c) { count(c, call_outcome::cancelled); }

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
  counts_->accounts[before].Decrement();
  counts_->accounts[next].Increment();
}

account_counts count_of(const account_watch& account) {
  const auto state = account.state();
  account_counts result;
  result.working = state == account_state::works ? 1 : 0;
  result.refused = state == account_state::refused ? 1 : 0;
  result.unreachable = state == account_state::unreachable ? 1 : 0;
  return result;
}

error failure_of(transfer_failure f) {
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
  case transfer_failure::none:
  case transfer_failure::cut:
    break;
  }
  return {error_code::upstream_error, {}, "the upstream's reply was cut short"};
}

} // namespace nekod
