#pragma once

#include "http/client/lazy_timer.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <unordered_set>
#include <vector>

namespace nekod::http {

/// The jobs of a loop whose bytes gather unread. All are looked at together, the first one after
/// the gather time and the others sooner, so that they share one timer and one wake-up. Used on the
/// loop's thread.
template <class Job>
class gathering_jobs {
public:
  /// @param time The longest time for which bytes may gather.
  /// @param look Called when it is time to `take` the jobs.
  gathering_jobs(lazy_timer::strand s, std::chrono::milliseconds time, std::function<void()> look)
      : time_(time), timer_(std::make_shared<lazy_timer>(std::move(s), std::move(look))) {}

  /// A job is to be looked at; one that is known already is not added again.
  void add(Job& job) {
    if (jobs_.insert(&job).second)
      timer_->set_no_later(lazy_timer::clock::now() + time_);
  }

  /// The job ends.
  void remove(Job& job) { jobs_.erase(&job); }

  /// All jobs. They have to be added again if their bytes still gather.
  std::vector<Job*> take() {
    std::vector<Job*> result{jobs_.begin(), jobs_.end()};
    jobs_.clear();
    return result;
  }

  /// Ends the timer for good.
  void stop() { timer_->cancel(); }

private:
  const std::chrono::milliseconds time_;
  std::shared_ptr<lazy_timer> timer_;
  std::unordered_set<Job*> jobs_;
};

} // namespace nekod::http
