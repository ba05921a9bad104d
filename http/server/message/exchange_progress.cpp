#include "http/server/message/exchange_progress.hpp"

#include <utility>

namespace nekod::http {

bool exchange_progress::end() {
  handler dropped; // After the lock: it may hold the last reference to an object.
  std::lock_guard guard{mutex_};
  if (ended_.exchange(true))
    return false;
  end_ = clock::now();
  dropped.swap(gone_handler_);
  return true;
}

void exchange_progress::on_gone(handler f) {
  std::unique_lock guard{mutex_};
  if (!gone_) {
    gone_handler_ = std::move(f);
    return;
  }
  guard.unlock();
  f();
}

bool exchange_progress::client_left() {
  handler f;
  {
    std::lock_guard guard{mutex_};
    if (ended_)
      return false;
    gone_ = true;
    f = std::exchange(gone_handler_, nullptr);
  }
  if (f)
    f();
  return true;
}

bool exchange_progress::leave_handler() {
  std::lock_guard guard{mutex_};
  in_handler_ = false;
  return cut_;
}

bool exchange_progress::cut_in_handler() {
  std::lock_guard guard{mutex_};
  cut_ = in_handler_;
  return cut_;
}

exchange_outcome exchange_progress::outcome(std::uint16_t status) const {
  auto since_arrival = [this](clock::time_point t) {
    return std::chrono::duration_cast<std::chrono::microseconds>(t - arrived_);
  };
  exchange_outcome result;
  result.status = status;
  result.client_left = gone_;
  if (first_write_ != clock::time_point{})
    result.first_byte = since_arrival(first_write_);
  result.duration = since_arrival(end_ == clock::time_point{} ? clock::now() : end_);
  return result;
}

} // namespace nekod::http
