#include "bench/load/lane.hpp"

#include <algorithm>
#include <string>

namespace nekod::load {
namespace {

using namespace std::chrono_literals;

/// How often time limits and the end of the run are checked.
constexpr auto watch_interval = 50ms;
/// Prevents a tight loop against a server that refuses everything.
constexpr auto pause_after_fault = 50ms;

} // namespace

lane::lane(run_state& run, unsigned index)
    : run_(run),
      index_(index),
      schedule_(run.begin, run.plan.rate > 0 ? run.plan.rate : 1, index, run.plan.threads),
      random_(index + 1) {}

void lane::run() {
  watch();
  if (run_.plan.rate > 0)
    start_due();
  else
    begin_closed();
  loop_.run();
  finish();
}

/// This lane's share of all clients.
std::size_t lane::share() const {
  const auto [each, rest] =
      std::div(static_cast<long>(run_.plan.clients), static_cast<long>(run_.plan.threads));
  return static_cast<std::size_t>(each) + (index_ < rest ? 1 : 0);
}

lane::seat& lane::add_client() {
  auto& s = *seats_.emplace_back(std::make_unique<seat>(loop_));
  auto name = run_.name + "-" + std::to_string(index_) + "-" + std::to_string(seats_.size());
  s.who.emplace(loop_, run_, results_, std::move(name),
                [this, &s](client&, bool well) { on_idle(s, well); });
  return s;
}

void lane::on_idle(seat& s, bool well) {
  if (run_.plan.rate > 0) {
    free_.push_back(&s);
    return start_due();
  }
  const auto wait = well ? pause() : pause_after_fault;
  start_at(s, clock::now() + wait);
}

// -- a closed loop -------------------------------------------------------------------------------

void lane::begin_closed() {
  const auto clients = share();
  const auto ramp = run_state::to_ticks(run_.plan.ramp);
  for (std::size_t i = 0; i < clients; ++i)
    start_at(add_client(), run_.begin + ramp * static_cast<long>(i) / static_cast<long>(clients));
}

void lane::start_at(seat& s, clock::time_point t) {
  const auto now = clock::now();
  if (t <= now) {
    if (run_.take_start(now))
      s.who->start(now);
    return;
  }
  s.timer.expires_at(t);
  s.timer.async_wait([this, &s](const asio::error_code& ec) {
    if (!ec)
      start_at(s, clock::now());
  });
}

/// Different each time, so that clients do not synchronise.
clock::duration lane::pause() {
  if (run_.plan.think.count() <= 0)
    return {};
  std::uniform_real_distribution<double> part{0.5, 1.5};
  return run_state::to_ticks(run_.plan.think * part(random_));
}

// -- an open loop --------------------------------------------------------------------------------

/// Starts the requests that are due, as far as there are free clients. A request that has to wait
/// for a client keeps its intended start, and may start even after the end of the run, as long as
/// answers are waited for.
void lane::start_due() {
  const auto now = clock::now();
  for (auto intended = schedule_.at(next_); intended <= now; intended = schedule_.at(next_)) {
    auto* s = free_seat();
    if (s == nullptr)
      return; // The next client that becomes free calls this again.
    if (!run_.take_start(intended))
      return free_.push_back(s);
    ++next_;
    s->who->start(intended);
  }
  wait_for_next();
}

void lane::wait_for_next() {
  next_start_.expires_at(schedule_.at(next_));
  next_start_.async_wait([this](const asio::error_code& ec) {
    if (!ec)
      start_due();
  });
}

/// The seat that was busy last, so that no more connections than necessary are in use.
lane::seat* lane::free_seat() {
  if (free_.empty())
    return seats_.size() < share() ? &add_client() : nullptr;
  auto* s = free_.back();
  free_.pop_back();
  return s;
}

// -- the end -------------------------------------------------------------------------------------

void lane::watch() {
  if (run_.plan.rate > 0)
    start_due(); // Requests that were due shortly before the end still start.
  const auto now = clock::now();
  for (std::size_t i = 0; i < seats_.size(); ++i) // An open loop may add one meanwhile.
    seats_[i]->who->check_time(now);
  const auto busy = std::ranges::any_of(seats_, [](const auto& s) { return s->who->busy(); });
  if (is_over(now) && (!busy || now - *over_since_ >= run_state::to_ticks(run_.plan.grace)))
    return loop_.stop();
  watch_.expires_at(now + watch_interval);
  watch_.async_wait([this](const asio::error_code&) { watch(); });
}

bool lane::is_over(clock::time_point now) {
  if (!over_since_ && run_.over(now))
    over_since_ = now;
  return over_since_.has_value();
}

void lane::finish() {
  for (auto& s : seats_)
    s->who->cut();
  if (run_.plan.rate <= 0 || run_.plan.requests > 0)
    return;
  if (const auto late = schedule_.count_before(run_.end(), next_); late > 0)
    results_.faults[{fault_kind::not_started, "no client was free"}] += late;
}

} // namespace nekod::load
