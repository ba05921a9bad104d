#include "actors/runtime/event_loops.hpp"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <utility>

namespace nekod {

namespace {

/// The loop that the calling thread runs.
struct running_loop {
  const event_loops* loops = nullptr;
  std::size_t index = 0;
};

thread_local running_loop current;

} // namespace

/// For one thread, so that work it posts to itself takes no lock and wakes nobody.
class event_loops::one_loop : public asio::io_context {
public:
  one_loop() : asio::io_context(1) {}

  /// Destroys the waiting work.
  void drop_all() { shutdown(); }

private:
  asio::executor_work_guard<asio::io_context::executor_type> work_{get_executor()};
};

event_loops::event_loops(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    loops_.push_back(std::make_unique<one_loop>());
}

event_loops::~event_loops() {
  stop();
  for (auto& loop : loops_)
    loop->drop_all();
  for (auto& loop : loops_)
    loop.reset();
}

asio::io_context& event_loops::operator[](std::size_t i) noexcept { return *loops_[i]; }

std::vector<asio::io_context*> event_loops::all() const {
  std::vector<asio::io_context*> result;
  for (const auto& loop : loops_)
    result.push_back(loop.get());
  return result;
}

std::size_t event_loops::here() noexcept {
  if (current.loops == this)
    return current.index;
  return turn_.fetch_add(1, std::memory_order_relaxed) % loops_.size();
}

bool event_loops::runs(std::size_t i) const noexcept {
  return current.loops == this && current.index == i;
}

void event_loops::run() {
  for (auto& loop : loops_)
    loop->restart();
  for (std::size_t i = 0; i < loops_.size(); ++i)
    threads_.emplace_back([this, i] {
      current = {this, i};
      loops_[i]->run();
    });
}

void event_loops::stop() {
  for (auto& loop : loops_)
    loop->stop();
  for (auto& thread : std::exchange(threads_, {}))
    thread.join();
}

void event_loops::poll() {
  std::size_t done = 1;
  while (done > 0) {
    done = 0;
    for (auto& loop : loops_) {
      loop->restart();
      done += loop->poll();
    }
  }
}

} // namespace nekod
