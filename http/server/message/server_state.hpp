#pragma once

#include <atomic>
#include <cstddef>
#include <exception>

namespace nekod::http {

/// Counts that a server and its exchanges have in common. It outlives the server while an exchange
/// is alive.
struct server_state {
  std::atomic<std::size_t> exchanges{0};
  std::atomic<std::size_t> streams{0};
  std::atomic<std::size_t> connections{0};
  /// Whether each answer that begins is its connection's last.
  std::atomic<bool> leaving{false};
};

/// Thrown inside RESTinio's callbacks, where it makes RESTinio close the connection: its public
/// interface has no other way to cut one.
struct connection_cut : std::exception {
  const char* what() const noexcept override { return "connection cut"; }
};

} // namespace nekod::http
