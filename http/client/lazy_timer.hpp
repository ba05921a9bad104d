#pragma once

#include <asio/bind_executor.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace nekod::http {

/// A timer whose time changes often. Moving an Asio timer costs a system call, so if it would fire
/// too early, it is left alone and armed again when it fires.
class lazy_timer : public std::enable_shared_from_this<lazy_timer> {
public:
  using clock = std::chrono::steady_clock;
  using strand = asio::strand<asio::io_context::executor_type>;

  /// @param f Called on the strand when the timer is due.
  lazy_timer(strand s, std::function<void()> f)
      : strand_(std::move(s)), timer_(strand_.get_inner_executor()), due_is_over_(std::move(f)) {}

  /// Sets the time, in place of the one before.
  void set(clock::time_point due) {
    due_ = due;
    arm();
  }

  /// Moves the time to *due* if it is later.
  void set_no_later(clock::time_point due) { set(std::min(due, due_)); }

  /// The timer has no time from now on.
  void clear() noexcept { due_ = clock::time_point::max(); }

  /// Ends the timer for good.
  void cancel() {
    clear();
    timer_.cancel();
  }

private:
  void arm() {
    if (armed_ <= due_)
      return;
    armed_ = due_;
    timer_.expires_at(due_);
    timer_.async_wait(
        asio::bind_executor(strand_, [self = shared_from_this()](const asio::error_code& ec) {
          if (!ec)
            self->fire();
        }));
  }

  void fire() {
    armed_ = clock::time_point::max();
    if (clock::now() < due_)
      return arm();
    clear();
    due_is_over_();
  }

  strand strand_;
  asio::steady_timer timer_;
  std::function<void()> due_is_over_;
  /// When the timer is due, and when the Asio timer fires; the greatest time for never.
  clock::time_point due_ = clock::time_point::max();
  clock::time_point armed_ = clock::time_point::max();
};

} // namespace nekod::http
