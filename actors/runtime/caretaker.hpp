#pragma once

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <functional>

namespace nekod {

/// What the caretaker does and asks; all but *check*'s answer on its own thread.
struct duties {
  /// SIGHUP came.
  std::function<void()> reload;
  /// SIGTERM or SIGINT came: whoever asks is told that the end is near.
  std::function<void()> announce_drain;
  /// No new connections from now on.
  std::function<void()> close_door;
  /// No new work from now on.
  std::function<void()> begin_drain;
  /// Answers that still run.
  std::function<std::size_t()> open_answers;
  /// Connections of clients, idle ones included.
  std::function<std::size_t()> open_connections;
  /// The process is about to end in the middle of its work.
  std::function<void()> last_words;
  /// Calls what it is given once it is sure that the program works; the service manager is told
  /// then.
  std::function<void(std::function<void()>)> check;
};

/// The main thread's work while others run the loop: signals, memory, the watchdog, the drain.
class caretaker {
public:
  using milliseconds = std::chrono::milliseconds;

  /// From here on SIGINT, SIGTERM and SIGHUP are taken, also a SIGHUP that was held before.
  caretaker();

  /// Keeps a SIGHUP waiting until there is a caretaker; without that it would end the process.
  static void hold_reload() noexcept;

  /// Works until the end: after a signal to end goes on for *drain_delay*, and then until no answer
  /// is open nor a request on its way, or *drain_limit* is over. A second such signal ends the
  /// process at once.
  void work(duties d, milliseconds drain_delay, milliseconds drain_limit);

private:
  void wait_for_signal();
  void take(int signal);
  void announce_drain();
  void close_door();
  void begin_drain();
  void look_at_drain();
  void tidy_up();
  void feed_watchdog();

  asio::io_context control_;
  asio::signal_set signals_{control_, SIGINT, SIGTERM, SIGHUP};
  asio::steady_timer drain_timer_{control_};
  asio::steady_timer tidy_timer_{control_};
  asio::steady_timer watchdog_timer_{control_};
  duties duties_;
  milliseconds drain_delay_{0};
  milliseconds drain_limit_{0};
  bool ending_ = false;
  std::chrono::steady_clock::time_point deadline_;
  /// Until when a drain waits for requests that are on their way.
  std::chrono::steady_clock::time_point last_call_;
  std::size_t most_open_ = 0;
};

} // namespace nekod
