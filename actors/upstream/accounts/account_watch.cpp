#include "actors/upstream/accounts/account_watch.hpp"

#include "protocol/openai/upstream/upstream_failures.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace nekod {

namespace {

using chat::failure_code;

/// Failed calls in a row after which an upstream counts as unreachable although it accepts
/// connections.
constexpr unsigned failures_that_tell = 5;

/// How long all accounts rest if our address is limited and the upstream does not say for how long.
constexpr std::chrono::seconds address_rest{1};

/// For how long other nodes are told that a refused account works again.
constexpr std::chrono::seconds work_is_news{60};

bool is_out_of_money(const chat::failure& e) {
  return e.foreign && openai::is_out_of_money(*e.foreign);
}

/// Whether the upstream accepted the account, even if it answered with an error of the client's.
bool works_with(const chat::failure* problem) {
  return problem == nullptr || problem->code == failure_code::rate_limit_exceeded ||
         (problem->foreign && problem->code != failure_code::upstream_auth_failed);
}

/// Whether the upstream failed, rather than the request: no connection, no answer in time, a reset,
/// or a body that is not an answer. A server that reports an error in its own words is alive.
bool upstream_failed(const chat::failure* problem, transfer_failure f, const upstream_response& r) {
  if (f == transfer_failure::whole_timeout)
    return r.status == 0;
  if (f != transfer_failure::none)
    return true;
  if (r.status >= 500 || r.status == 0)
    return !openai::is_error_object(r.body);
  return r.ok() && problem != nullptr && !r.tells_error;
}

call_outcome outcome_of(const chat::failure* problem, transfer_failure f) {
  if (problem == nullptr)
    return call_outcome::ok;
  if (problem->code == failure_code::upstream_timeout)
    return call_outcome::timeout;
  return f == transfer_failure::none ? call_outcome::refused : call_outcome::failed;
}

} // namespace

account_watch::account_watch(account_identity who, std::shared_ptr<metrics> counts,
                             std::vector<std::string> calls, std::shared_ptr<circuit> breaker)
    : who_(std::move(who)),
      counts_(std::move(counts)),
      states_(counts_->upstream_accounts(who_.upstream)),
      circuit_open_(counts_->upstream(who_.upstream).circuit_open),
      circuit_(std::move(breaker)),
      names_(std::move(calls)),
      rests_(who_.longest_rest) {
  for (const auto& name : names_)
    calls_.push_back(counts_->upstream_calls(who_.upstream, name));
  states_[state_].Increment();
}

account_watch::~account_watch() { states_[state_].Decrement(); }

void account_watch::ended(const running_call& c, const chat::failure* problem, transfer_failure f,
                          const upstream_response& r, clock::time_point now) {
  count(c, outcome_of(problem, f));
  tell_circuit(c, problem, f, r, now);
  update_state(c, problem, f, r, now);
}

bool account_watch::is_address_limit(const upstream_response& r) const {
  return (r.status == 429 || who_.pages_are_limits) && is_page(r);
}

/// Updates the account's state and rests.
void account_watch::update_state(const running_call& c, const chat::failure* problem,
                                 transfer_failure f, const upstream_response& r,
                                 clock::time_point now) {
  auto works = works_with(problem) && r.status < 500;
  if (works)
    failures_in_a_row_ = 0;
  else if (upstream_failed(problem, f, r))
    ++failures_in_a_row_;
  if (problem != nullptr && refuses_account(*problem)) {
    enter(account_state::refused, problem, now);
    if (const auto end = rests_.refused(r.retry_after, now))
      tell(refusal_until(*end, problem->code));
  } else if (problem != nullptr && problem->code == failure_code::rate_limit_exceeded &&
             !is_address_limit(r)) {
    enter(account_state::limited, problem, now);
    if (const auto end = rests_.limited(c.model, r.retry_after, now))
      tell(limit_until(*end, c.model, problem->code));
  } else if (works) {
    if (rests_.worked(c.model))
      tell(work_until(now + work_is_news));
    const auto limits = rests_.limits(now);
    const auto still_limited = std::any_of(
        limits.begin(), limits.end(), [&](const auto& limit) { return limit.model != c.model; });
    enter(still_limited ? account_state::limited : account_state::works, nullptr, now);
  } else if (was_not_sent(f) || failures_in_a_row_ >= failures_that_tell) {
    enter(account_state::unreachable, problem, now);
  }
}

/// Reports to the circuit breaker of the upstream, which all its accounts share.
void account_watch::tell_circuit(const running_call& c, const chat::failure* problem,
                                 transfer_failure f, const upstream_response& r,
                                 clock::time_point now) {
  if (f != transfer_failure::unreachable && f != transfer_failure::connect_timeout)
    circuit_->connected();
  const auto failed = upstream_failed(problem, f, r);
  if (is_address_limit(r))
    // A page with a limit comes from a gate before the service: it concerns all accounts.
    circuit_->rest_until(
        now + std::min<clock::duration>(r.retry_after.value_or(address_rest), who_.longest_rest));
  if (c.purpose == call_purpose::probing)
    circuit_->probed(!failed, now);
  else if (c.purpose == call_purpose::listing)
    return;
  else if (is_address_limit(r) && r.status < 500)
    circuit_->learned_nothing();
  else if (failed)
    circuit_->failed(now, c.begun);
  else if (r.status >= 500)
    circuit_->answered();
  else if (c.purpose == call_purpose::answering && (problem == nullptr || !r.ok()))
    circuit_->succeeded(); // A refusal shows a working upstream, too.
  else if (problem != nullptr)
    circuit_->learned_nothing();
  circuit_open_.Set(circuit_->now_in() == circuit::phase::closed ? 0 : 1);
}

/// Tells other nodes.
void account_watch::tell(shared_rest r) {
  if (!told_)
    return;
  r.upstream = who_.upstream;
  r.account = who_.id;
  told_(std::move(r));
}

void account_watch::heard(const shared_rest& r, clock::time_point now) {
  if (r.end <= now)
    return;
  const auto current = state(now);
  const chat::failure problem{r.code};
  if (r.over) {
    rests_.heard_work();
    if (current == account_state::refused)
      enter(rests_.limits(now).empty() ? account_state::works : account_state::limited, nullptr,
            now);
    return;
  }
  if (r.refused)
    rests_.heard_refusal(r.end, now);
  else
    rests_.heard_limit(r.model, r.end, now);
  // That this node cannot reach the upstream is news of its own.
  if (current == account_state::unreachable)
    return;
  if (r.refused)
    enter(account_state::refused, &problem, now);
  else if (current != account_state::refused)
    enter(account_state::limited, &problem, now);
}

account_state account_watch::state(clock::time_point now) const {
  const auto limited = state_ == account_state::limited;
  return limited && rests_.limits(now).empty() ? account_state::works : state_.load();
}

account_report account_watch::report(clock::time_point now) const {
  account_report r;
  const auto current = state(now);
  r.id = who_.id;
  r.state = current == account_state::works ? "working" : name_of(current);
  if (current != account_state::works && current != account_state::unknown)
    r.code = chat::name_of(problem_);
  if (current != account_state::unknown)
    r.in_state = now - entered_.load();
  r.rest = rests_.left({}, now);
  for (const auto& limit : rests_.limits(now))
    r.rest = std::max(r.rest, limit.left);
  r.turns = turns_;
  r.weight = who_.weight;
  return r;
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

/// @param problem Why; null if nothing failed.
void account_watch::enter(account_state next, const chat::failure* problem, clock::time_point now) {
  if (problem != nullptr)
    problem_ = problem->code;
  auto before = state_.exchange(next);
  if (before == next)
    return;
  entered_ = now;
  states_[before].Decrement();
  states_[next].Increment();
}

bool refuses_account(const chat::failure& e) {
  return e.code == failure_code::upstream_auth_failed || is_out_of_money(e);
}

bool loads(const upstream_response& r, transfer_failure f, const circuit& breaker) {
  const auto not_connected =
      f == transfer_failure::unreachable || f == transfer_failure::connect_timeout;
  return openai::says_it_loads(r.status, r.body) || (not_connected && !breaker.was_connected());
}

} // namespace nekod
