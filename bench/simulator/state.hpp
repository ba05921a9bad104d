#pragma once

#include "bench/simulator/books.hpp"
#include "bench/simulator/completion_books.hpp"
#include "bench/simulator/faults.hpp"
#include "bench/simulator/settings.hpp"
#include "bench/simulator/usage.hpp"

#include <memory>
#include <mutex>
#include <unordered_map>

namespace asio {
class io_context;
} // namespace asio

namespace nekod::sim {

/// Keeps objects that an answer needs until the answer ends. Thread-safe.
class keeper {
public:
  void keep(std::shared_ptr<void> x) {
    std::lock_guard lock{mutex_};
    const auto* key = x.get();
    kept_.emplace(key, std::move(x));
  }

  void release(const void* x) {
    // Destroyed after the lock is released: it may own a whole connection.
    decltype(kept_)::node_type released;
    std::lock_guard lock{mutex_};
    released = kept_.extract(x);
  }

private:
  std::mutex mutex_;
  std::unordered_map<const void*, std::shared_ptr<void>> kept_;
};

/// The state that all calls of one simulator share. Each member is thread-safe, so calls need no
/// lock. Handlers that wait on the loop hold it weakly: it ends with the service.
struct state {
  state(asio::io_context& l, options o) : loop(l), options_now(std::move(o)) {}

  asio::io_context& loop;
  settings options_now;
  books chats;
  completion_books completions;
  usage uses;
  fault_queue faults;
  /// Streaming replies, and exchanges that are kept silent.
  keeper open_answers;
};

using state_ptr = std::shared_ptr<state>;

} // namespace nekod::sim
