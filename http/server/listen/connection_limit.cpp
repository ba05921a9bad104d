#include "http/server/listen/connection_limit.hpp"

#include <algorithm>

namespace nekod::http {

namespace {

/// Up to this number of descriptors, half are reserved for other uses than connections; beyond it,
/// a fixed number.
constexpr std::size_t few = 1024;
constexpr std::size_t reserved = 256;

std::size_t possible_connections(const connection_needs& needs, std::size_t descriptors) {
  // Connections beyond the redirect's limit live until their answer is written.
  const auto redirects = 2 * needs.redirects;
  const std::size_t each = needs.tls ? 2 : 1;
  if (descriptors <= few + redirects)
    return descriptors / (2 * (each + 1));
  const auto free = descriptors - reserved - redirects;
  const auto all_streaming = free / (each + 1);
  return all_streaming <= needs.streams ? all_streaming : (free - needs.streams) / each;
}

} // namespace

std::size_t connection_limit(const connection_needs& needs, std::size_t descriptors) {
  return std::min(possible_connections(needs, descriptors), needs.connections);
}

} // namespace nekod::http
