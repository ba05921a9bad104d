#pragma once

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <functional>

namespace nekod {

/// The caretaker's actions and questions; all run on its own thread, except the answer to *check*.
struct duties {
  /// On SIGHUP.
  std::function<void()> reload;
  /// On SIGTERM or SIGINT: health checks begin to fail.
  std::function<void()> announce_drain;
  /// Accepts no new connections from now on.
  std::function<void()> close_door;
  /// Accepts no new work from now on.
  std::function<void()> begin_drain;
  /// The number of running answers.
  std::function<std::size_t()> open_answers;
  /// The number of clients' connections, including idle ones.
  std::function<std::size_t()> open_connections;
  /// Before the process ends in the middle of its work.
  std::function<void()> last_words;
  /// Calls its argument once it is certain that the program works; the service manager is told
  /// then.
  std::function<void(std::function<void()>)> check;
};

/// The main thread's work while other threads run the loops: signals, memory, the watchdog, the
/// drain.
class caretaker {
public:
  using milliseconds = std::chrono::milliseconds;

  /// Handles SIGINT, SIGTERM and SIGHUP from here on, including a SIGHUP that was held.
  caretaker();

  /// Holds SIGHUP until there is a caretaker; otherwise it would end the process.
  static void hold_reload() noexcept;

  /// Whether a signal to end has come. Only before `work`.
  bool told_to_end();

  /// Works until the end. After a signal to end it continues for *drain_delay*, and then until no
  /// answer is open and no request is on its way, or *drain_limit* is over. A second such signal
  /// ends the process at once.
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
  bool looks_early_ = false;
  std::chrono::steady_clock::time_point deadline_;
  /// How long a drain waits for requests on their way.
  std::chrono::steady_clock::time_point last_call_;
  std::size_t most_open_ = 0;
};

} // namespace nekod
