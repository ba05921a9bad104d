#pragma once

#include "actors/upstream/transport.hpp"
#include "http/client/client_options.hpp"
#include "http/client/http_url.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace nekod {
class event_loops;
} // namespace nekod

namespace nekod::http {

class h1_lane;

/// HTTP/1.1 without a proxy, plain and over TLS, on event loops that others run: pools connections;
/// a transfer can be cancelled at any time, and is paused while its window is used up. A transfer
/// runs on the loop of the thread that starts it, if there is room; each loop has connections of
/// its own.
class h1_transport {
public:
  /// @throws std::system_error if there are no descriptors for it.
  /// @throws std::invalid_argument if the file of authorities has no certificate.
  h1_transport(event_loops& loops, const client_options& options);
  ~h1_transport();

  h1_transport(const h1_transport&) = delete;
  h1_transport& operator=(const h1_transport&) = delete;

  /// As `transport::start`.
  /// @param url The address of the call in its parts.
  std::unique_ptr<transfer> start(std::uint64_t number, http_call call, http_url url,
                                  transport::sink f);

  /// Open connections, idle ones included. On any thread.
  std::size_t open_connections() const noexcept;

  /// Cancels all transfers and closes all connections. No call may follow. The loops must still
  /// run.
  void stop();

private:
  std::shared_ptr<h1_lane> lane_with_room() const;

  event_loops& loops_;
  client_options options_;
  /// The most connections of each lane.
  std::size_t lane_size_;
  /// One for each loop.
  std::vector<std::shared_ptr<h1_lane>> lanes_;
};

} // namespace nekod::http
