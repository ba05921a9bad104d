#include "http/server/message/idle_timer.hpp"

#include <utility>

namespace nekod::http {

void idle_timer::start(std::chrono::milliseconds period, handler f,
                       const std::weak_ptr<idle_timer>& self) {
  std::lock_guard guard{mutex_};
  if (stopped_)
    return;
  self_ = self;
  handler_ = std::move(f);
  period_ = period;
  wrote(clock::now());
  timer_.emplace(loop_);
  wait();
}

void idle_timer::stop() {
  handler dropped; // After the lock: it may hold the last reference to an object.
  std::lock_guard guard{mutex_};
  stopped_ = true;
  timer_.reset();
  dropped.swap(handler_);
}

/// Needs the lock.
void idle_timer::wait() {
  timer_->expires_at(last_write_.load(std::memory_order_relaxed) + period_);
  timer_->async_wait([weak = self_](const asio::error_code& ec) {
    if (auto self = weak.lock(); self && !ec)
      self->fired();
  });
}

void idle_timer::fired() {
  handler f;
  {
    std::lock_guard guard{mutex_};
    if (stopped_)
      return;
    auto now = clock::now();
    if (now - last_write_.load(std::memory_order_relaxed) >= period_) {
      f = handler_;
      wrote(now);
    }
    wait();
  }
  if (f)
    f();
}

} // namespace nekod::http
