#pragma once

#include "actors/upstream/transport.hpp"
#include "http/client/client_options.hpp"
#include "http/client/curl/curl_transport.hpp"
#include "http/client/h1/h1_transport.hpp"
#include "http/client/http_url.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace nekod {
class event_loops;
} // namespace nekod

namespace nekod::http {

/// HTTP to the upstreams, on event loops that others run. Chooses for each call the client that
/// makes it: our own for HTTP/1.1 without a proxy, libcurl for all else.
class http_client : public transport {
public:
  /// @throws std::runtime_error if a client cannot be set up.
  /// @throws std::invalid_argument if the file of authorities has no certificate.
  http_client(event_loops& loops, const client_options& options);

  std::unique_ptr<transfer> start(std::uint64_t number, http_call call, sink f) override;

  /// Open connections, idle ones included. On any thread.
  std::size_t open_connections() const noexcept;

  /// Cancels all transfers and closes all connections. No call may follow. The loops must still
  /// run.
  void stop();

private:
  bool serves(const http_url& url) const;

  client_options options_;
  h1_transport own_;
  curl_transport curl_;
};

} // namespace nekod::http
