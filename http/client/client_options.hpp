#pragma once

#include "actors/runtime/metrics.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace nekod::http {

/// How the client keeps its connections.
struct client_options {
  /// Bytes of a body that may be on their way to the reader before the upstream is not read any
  /// more.
  std::size_t window = 64u << 10;
  /// Connections in all; a call that needs one more waits, within its limits.
  std::size_t max_connections = 16'000;
  /// Idle connections kept, a lane.
  long max_idle_connections = 1024;
  /// Whether HTTP/2 is spoken over TLS with who can. Of a stream there that nobody reads libcurl
  /// takes up to 32 MiB before it stops the sender, whatever the window.
  bool multiplexed = true;
  /// The proxy's address, by which all calls go but those to hosts in `no_proxy`. Empty: as the
  /// usual environment variables say, and never for this machine.
  std::string proxy;
  /// A PEM file of authorities that are trusted besides the system's; empty for none.
  std::string authorities;
  std::shared_ptr<metrics> counts = std::make_shared<metrics>();
};

} // namespace nekod::http
