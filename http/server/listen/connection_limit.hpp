#pragma once

#include <cstddef>

namespace nekod::http {

/// The wishes that `connection_limit` weighs.
struct connection_needs {
  /// The most connections that are wanted, and the most streams among them.
  std::size_t connections = 0;
  std::size_t streams = 0;
  /// Whether connections use TLS.
  bool tls = false;
  /// The most connections of the plain HTTP port that redirects; 0 if there is none.
  std::size_t redirects = 0;
};

/// The most connections of a process that may open *descriptors* files. A stream needs another
/// connection, to an upstream; with TLS, as many connections again may be in their handshake; some
/// descriptors are needed for files. Clients beyond the limit are refused, which is better than
/// letting them wait for a descriptor.
/// @returns at most `needs.connections`.
std::size_t connection_limit(const connection_needs& needs, std::size_t descriptors);

} // namespace nekod::http
