#pragma once

#include "bench/simulator/books.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

namespace nekod::sim {

/// The requests for completions as they arrived, in bounded memory: beyond it the oldest are
/// dropped. Thread-safe.
class completion_books {
public:
  explicit completion_books(std::size_t max_bytes = 64u << 20) : max_bytes_(max_bytes) {}

  /// @param body A JSON object.
  /// @returns the request's number, from 1.
  std::uint64_t begin(std::string body);

  /// Records the outcome of a request.
  void end(std::uint64_t number, message_state state);

  void reset();

  /// `{"active":0,"completions":[{"number":1,"state":"done","body":{...}}]}`, oldest first.
  std::string to_json() const;

private:
  struct entry {
    std::uint64_t number = 0;
    message_state state = message_state::streaming;
    std::string body;
  };

  mutable std::mutex mutex_;
  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::uint64_t last_ = 0;
  std::deque<entry> entries_;
};

} // namespace nekod::sim
