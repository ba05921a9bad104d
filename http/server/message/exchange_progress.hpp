#pragma once

#include "http/server/message/exchange.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>

namespace nekod::http {

/// The progress of an exchange: when its request arrived, when its answer began, and what ended it,
/// the answer or the client's leaving. Its lock guards what the loop and the answering actor both
/// use: the end, the client's leaving, and whether the handler is still running.
class exchange_progress {
public:
  using clock = std::chrono::steady_clock;
  using handler = std::function<void()>;

  clock::time_point arrived() const noexcept { return arrived_; }

  /// Bytes of the answer were written. Called by the answering thread only.
  void wrote(clock::time_point now) noexcept {
    if (first_write_ == clock::time_point{})
      first_write_ = now;
  }

  /// The answer was written as a whole, when the exchange ended.
  void wrote_all() noexcept { first_write_ = end_; }

  /// Ends the exchange, and drops the handler for the client's leaving.
  /// @returns false if it had ended before.
  bool end();

  bool has_ended() const noexcept { return ended_; }

  /// Calls *f* unless the exchange has ended. It cannot end during the call.
  /// @returns whether *f* was called.
  template <class F>
  bool unless_ended(F f) {
    std::lock_guard guard{mutex_};
    if (ended_)
      return false;
    f();
    return true;
  }

  /// Sets the handler for the client's leaving; it is called at once if the client has left.
  void on_gone(handler f);

  /// The client left. Calls the handler; the exchange has not ended then.
  /// @returns false if it had ended before.
  bool client_left();

  /// The server's handler has returned; from here on `cut_in_handler` does nothing.
  /// @returns whether it was called before.
  bool leave_handler();

  /// Asks the caller of the server's handler to cut the connection.
  /// @returns false if the handler has returned.
  bool cut_in_handler();

  /// The outcome so far, until now if the exchange has not ended.
  /// @param status The status of the answer; 0 for none.
  exchange_outcome outcome(std::uint16_t status) const;

private:
  const clock::time_point arrived_ = clock::now();
  clock::time_point first_write_{};
  std::mutex mutex_;
  bool in_handler_ = true;
  bool cut_ = false;
  /// Written under the lock.
  std::atomic<bool> ended_{false};
  bool gone_ = false;
  clock::time_point end_{};
  handler gone_handler_;
};

} // namespace nekod::http
