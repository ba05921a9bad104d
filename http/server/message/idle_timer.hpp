#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace nekod::http {

/// Calls a handler each time nothing was written for a while. Costs one store per write; its timer
/// runs at most once per period. Thread-safe.
class idle_timer {
public:
  using clock = std::chrono::steady_clock;
  using handler = std::function<void()>;

  explicit idle_timer(asio::io_context& loop) : loop_(loop) {}

  /// Calls *f* on the loop each time nothing was written for *period*, from now until `stop`. Does
  /// nothing after `stop`.
  /// @param self This object; it may be the part of another one. Once that has gone, nothing is
  /// called.
  void start(std::chrono::milliseconds period, handler f, const std::weak_ptr<idle_timer>& self);

  /// Something was written.
  void wrote(clock::time_point now) noexcept { last_write_.store(now, std::memory_order_relaxed); }

  /// Ends it for good. A call of the handler may be running on the loop.
  void stop();

private:
  void wait();
  void fired();

  asio::io_context& loop_;
  std::atomic<clock::time_point> last_write_{};
  std::mutex mutex_;
  std::weak_ptr<idle_timer> self_;
  handler handler_;
  std::chrono::milliseconds period_{0};
  bool stopped_ = false;
  std::optional<asio::steady_timer> timer_;
};

} // namespace nekod::http
