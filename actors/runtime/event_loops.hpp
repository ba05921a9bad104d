#pragma once

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

namespace nekod {

/// The event loops of the program, a thread each. Work stays on the thread where it began: a
/// connection belongs to one loop, the actors that it wakes run there, and so do the transfers they
/// start. Threads that shared one loop would hand each stream to and fro, and its memory with it.
class event_loops {
public:
  /// @param count At least one.
  explicit event_loops(std::size_t count);

  /// Stops them, and drops what waits in each before the first of them ends, since it may refer to
  /// others. The first one also ends first.
  ~event_loops();

  event_loops(const event_loops&) = delete;
  event_loops& operator=(const event_loops&) = delete;

  std::size_t size() const noexcept { return loops_.size(); }

  asio::io_context& operator[](std::size_t i) noexcept { return *loops_[i]; }

  /// All of them, in order.
  std::vector<asio::io_context*> all() const;

  /// Which one the calling thread runs; each in turn where it runs none.
  std::size_t here() noexcept;

  /// Whether the calling thread runs the loop *i*.
  bool runs(std::size_t i) const noexcept;

  /// Starts their threads. They run, also without work, until `stop`.
  void run();

  /// Ends them, and waits for their threads. Must not be called by one of these.
  void stop();

  /// Runs what is ready, on the calling thread, until nothing is. Only where no threads run.
  void poll();

private:
  /// For one thread, so that what it posts to itself takes no lock and wakes nobody.
  class one_loop : public asio::io_context {
  public:
    one_loop() : asio::io_context(1) {}

    /// Destroys what waits for it.
    void drop_all() { shutdown(); }

  private:
    asio::executor_work_guard<asio::io_context::executor_type> work_{get_executor()};
  };

  std::vector<std::unique_ptr<one_loop>> loops_;
  std::vector<std::thread> threads_;
  std::atomic<std::size_t> turn_{0};
};

} // namespace nekod
