#pragma once

#include "actors/upstream/transport.hpp"
#include "http/client/client_options.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace nekod {
class event_loops;
} // namespace nekod

namespace nekod::http {

class curl_lane;
class easy_pool;

/// HTTP over libcurl, on event loops that others run: pools connections; a transfer can be
/// cancelled at any time, and is paused while its window is used up. A transfer runs on the loop of
/// the thread that starts it, if there is room; each loop has connections of its own.
class curl_transport : public transport {
public:
  /// @throws std::runtime_error if libcurl cannot be set up.
  /// @throws std::invalid_argument if the file of authorities has no certificate.
  curl_transport(event_loops& loops, const client_options& options);
  ~curl_transport() override;

  curl_transport(const curl_transport&) = delete;
  curl_transport& operator=(const curl_transport&) = delete;

  std::unique_ptr<transfer> start(std::uint64_t number, http_call call, sink f) override;

  /// Open connections, idle ones included.
  std::size_t open_connections() const noexcept;

  /// Cancels all transfers and closes all connections. No call may follow. The loops must still
  /// run.
  void stop();

private:
  std::shared_ptr<curl_lane> lane_with_room() const;

  event_loops& loops_;
  client_options options_;
  std::shared_ptr<easy_pool> handles_;
  /// The most connections of each lane.
  std::size_t lane_size_;
  /// One for each loop.
  std::vector<std::shared_ptr<curl_lane>> lanes_;
};

} // namespace nekod::http
