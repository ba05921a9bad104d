#include "actors/upstream/circuit.hpp"

#include <algorithm>

namespace nekod {

std::optional<circuit::clock::duration> circuit::refuses(clock::time_point now) {
  std::lock_guard guard{mutex_};
  if (now < asked_rest_)
    return asked_rest_ - now;
  if (!next_trial_)
    return std::nullopt;
  if (now < *next_trial_)
    return *next_trial_ - now;
  if (trial_runs_ && now < trial_began_ + longest_trial)
    return trial_time;
  trial_runs_ = true;
  trial_began_ = now;
  return std::nullopt;
}

void circuit::succeeded() {
  std::lock_guard guard{mutex_};
  failures_in_a_row_ = 0;
  next_trial_.reset();
  trial_runs_ = false;
  rest_ = {};
}

void circuit::failed(clock::time_point now) {
  std::lock_guard guard{mutex_};
  ++failures_in_a_row_;
  auto opens = !next_trial_ && options_.failures > 0 && failures_in_a_row_ >= options_.failures;
  // Calls that were under way when it opened tell nothing new.
  auto was_trial = next_trial_ && now >= *next_trial_;
  if (!opens && !was_trial)
    return;
  rest_ = rest_ == clock::duration{} ? clock::duration{options_.rest}
                                     : std::min<clock::duration>(2 * rest_, options_.longest_rest);
  next_trial_ = now + rest_;
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

bool circuit::is_closed() const {
  std::lock_guard guard{mutex_};
  return !next_trial_;
}

bool circuit::is_open(clock::time_point now) const {
  std::lock_guard guard{mutex_};
  return next_trial_ && now < *next_trial_;
}

} // namespace nekod
