#pragma once

#include <atomic>
#include <cstddef>
#include <exception>

namespace nekod::http {

/// Counts that a server and its exchanges share. It lives as long as any of them.
struct server_state {
  std::atomic<std::size_t> exchanges{0};
  std::atomic<std::size_t> streams{0};
  std::atomic<std::size_t> connections{0};
  /// Whether each connection is to be closed after its next answer.
  std::atomic<bool> leaving{false};
};

/// An exception in a callback makes RESTinio close the connection: its public interface has no
/// other way to cut one.
struct connection_cut : std::exception {
  const char* what() const noexcept override { return "connection cut"; }
};

} // namespace nekod::http
