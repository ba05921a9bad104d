#include "actors/upstream/accounts/circuit.hpp"

#include <utility>

namespace nekod {

bool circuit::try_admit(clock::time_point now) {
  std::lock_guard guard{mutex_};
  if (now < asked_rest_ || phase_ == phase::open)
    return false;
  if (phase_ == phase::closed)
    return true;
  if (trial_runs_ && now < trial_began_ + longest_trial)
    return false;
  trial_runs_ = true;
  trial_began_ = now;
  return true;
}

void circuit::succeeded() {
  std::lock_guard guard{mutex_};
  failures_in_a_row_ = 0;
  if (phase_ != phase::closed)
    changed_ = clock::now();
  phase_ = phase::closed;
  trial_runs_ = false;
}

void circuit::answered() {
  std::lock_guard guard{mutex_};
  failures_in_a_row_ = 0;
  trial_runs_ = false;
}

void circuit::failed(clock::time_point now, clock::time_point begun) {
  std::function<void()> tell;
  {
    std::lock_guard guard{mutex_};
    ++failures_in_a_row_;
    const auto enough = options_.failures > 0 && failures_in_a_row_ >= options_.failures;
    if (phase_ == phase::closed && enough)
      open(now, options_.probe_interval);
    else if (phase_ == phase::half_open && begun >= half_open_since_)
      open(now, 2 * interval_);
    else
      return;
    tell = opened_;
  }
  if (tell)
    tell();
}

void circuit::open(clock::time_point now, clock::duration interval) {
  interval_ = std::min<clock::duration>(interval, longest_probe_interval);
  if (phase_ == phase::closed)
    changed_ = now;
  phase_ = phase::open;
  next_probe_ = now + interval_;
  trial_runs_ = false;
}

void circuit::learned_nothing() {
  std::lock_guard guard{mutex_};
  trial_runs_ = false;
}

void circuit::rest_until(clock::time_point then) {
  std::lock_guard guard{mutex_};
  asked_rest_ = std::max(asked_rest_, then);
}

bool circuit::take_probe(clock::time_point now) {
  std::lock_guard guard{mutex_};
  if (phase_ != phase::open || now < next_probe_)
    return false;
  next_probe_ = now + interval_;
  return true;
}

std::optional<circuit::clock::duration> circuit::time_to_probe(clock::time_point now) const {
  std::lock_guard guard{mutex_};
  if (phase_ != phase::open)
    return std::nullopt;
  return std::max(next_probe_ - now, clock::duration::zero());
}

void circuit::probed(bool well, clock::time_point now) {
  std::lock_guard guard{mutex_};
  if (phase_ != phase::open || !well)
    return;
  phase_ = phase::half_open;
  half_open_since_ = now;
}

void circuit::on_open(std::function<void()> f) {
  std::lock_guard guard{mutex_};
  opened_ = std::move(f);
}

circuit::phase circuit::now_in() const {
  std::lock_guard guard{mutex_};
  return phase_;
}

std::optional<circuit::clock::duration> circuit::since_change(clock::time_point now) const {
  std::lock_guard guard{mutex_};
  return changed_ ? std::optional{std::max(now - *changed_, clock::duration::zero())}
                  : std::nullopt;
}

circuit::clock::duration circuit::rest(clock::time_point now) const {
  std::lock_guard guard{mutex_};
  return std::max(asked_rest_ - now, clock::duration::zero());
}

void circuit::connected() {
  std::lock_guard guard{mutex_};
  connected_ = true;
}

bool circuit::was_connected() const {
  std::lock_guard guard{mutex_};
  return connected_;
}

} // namespace nekod
