#pragma once

#include "http/server/message/exchange.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

namespace nekod::http {

/// The last requests that failed, for operators: where each came from and went to, and why it
/// failed; never what was said. Thread-safe.
class failure_log {
public:
  /// @param most The number of failures that are kept.
  explicit failure_log(std::size_t most = 200) : most_(most) {}

  /// Adds the request if it failed at an endpoint of ours.
  void add(const exchange_notes& notes, const exchange_outcome& outcome,
           std::chrono::system_clock::time_point now);

  /// `{"last":N,"data":[...]}`: those after the failure with number *after*, the oldest first.
  /// Numbers begin with 1 and have no gaps; if *after* is beyond the last one, all are meant: it is
  /// from another process.
  std::string json_after(std::uint64_t after) const;

private:
  std::size_t most_;
  mutable std::mutex mutex_;
  std::uint64_t last_ = 0;
  /// As JSON objects, the newest last.
  std::deque<std::string> entries_;
};

} // namespace nekod::http
