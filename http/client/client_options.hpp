#pragma once

#include "actors/runtime/metrics.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace nekod::http {

/// How the client keeps its connections.
struct client_options {
  /// The most bytes of a body that may wait for the reader before the upstream is no longer read.
  std::size_t window = 64u << 10;
  /// The most connections of all loops; a call that needs one more waits, within its limits.
  std::size_t max_connections = 16'000;
  /// The most idle connections that each loop keeps.
  long max_idle_connections = 1024;
  /// Whether libcurl makes all calls, also those that our own client could make.
  bool only_curl = false;
  /// Whether libcurl makes the calls over TLS, with HTTP/2 where servers support it. It buffers up
  /// to 32 MiB of a stream that nobody reads before it stops the sender, whatever the window.
  bool multiplexed = false;
  /// The address of the proxy for all calls, except those to hosts in `no_proxy`. If empty, the
  /// usual environment variables name a proxy, which is never used for this machine.
  std::string proxy;
  /// Whether no proxy is used, whatever the environment says.
  bool direct = false;
  /// A PEM file of certificate authorities to trust in addition to the system's; empty for none.
  std::string authorities;
  /// The longest time for which bytes that came may gather unread, if nobody waits for single ones
  /// (`http_call::may_gather`); 0 for not at all. Our own client only.
  std::chrono::milliseconds gather_time{0};
  std::shared_ptr<metrics> counts = std::make_shared<metrics>();
};

} // namespace nekod::http
