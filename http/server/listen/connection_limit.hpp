#pragma once

#include <cstddef>

namespace nekod::http {

/// What `connection_limit` goes by.
struct connection_needs {
  /// Connections that are wanted at most, and streams among them.
  std::size_t connections = 0;
  std::size_t streams = 0;
  /// Whether connections use TLS.
  bool tls = false;
  /// Connections of the port of plain HTTP that redirects; 0 where there is none.
  std::size_t redirects = 0;
};

/// How many connections may be open in a process that may have that many descriptors. A stream
/// needs another connection upstream; with TLS, as many connections again may be in their
/// handshake; some descriptors serve files and the like. Clients past the limit are sent away,
/// which is better than to let them wait for a descriptor.
/// @returns at most `needs.connections`.
std::size_t connection_limit(const connection_needs& needs, std::size_t descriptors);

} // namespace nekod::http
