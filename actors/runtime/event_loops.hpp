#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

namespace asio {
class io_context;
} // namespace asio

namespace nekod {

/// The event loops of the program, one thread each. Work stays on the thread where it began: a
/// connection belongs to one loop, where the actors that it wakes and the transfers that they start
/// run as well. Threads that shared one loop would pass each stream and its memory back and forth.
class event_loops {
public:
  /// @param count At least one.
  explicit event_loops(std::size_t count);

  /// Stops them, and drops the waiting work of all loops before the first loop is destroyed, since
  /// it may refer to other loops. The first loop is destroyed first.
  ~event_loops();

  event_loops(const event_loops&) = delete;
  event_loops& operator=(const event_loops&) = delete;

  std::size_t size() const noexcept { return loops_.size(); }

  asio::io_context& operator[](std::size_t i) noexcept;

  /// All loops, in order.
  std::vector<asio::io_context*> all() const;

  /// The loop that the calling thread runs; for other threads each loop in turn.
  std::size_t here() noexcept;

  /// Whether the calling thread runs loop *i*.
  bool runs(std::size_t i) const noexcept;

  /// Starts the threads. They run until `stop`, even without work. May be called again after that.
  void run();

  /// Ends the threads, and waits for them. Must not be called on one of them.
  void stop();

  /// Runs everything that is ready on the calling thread. Only if no threads run.
  void poll();

private:
  class one_loop;

  std::vector<std::unique_ptr<one_loop>> loops_;
  std::vector<std::thread> threads_;
  std::atomic<std::size_t> turn_{0};
};

} // namespace nekod
