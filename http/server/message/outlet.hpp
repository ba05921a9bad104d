#pragma once

#include <cstddef>
#include <string_view>

namespace nekod::http {

/// Writes to a connection past RESTinio, whose writes cost some four times as much as the system's.
/// Used on the connection's loop only, and only while RESTinio writes nothing to the connection.
class outlet {
public:
  /// From now on bytes go to *socket*, which is not encrypted and stays open until `close`.
  void open(int socket) noexcept { socket_ = socket; }

  void close() noexcept { socket_ = closed; }

  /// Hands bytes to the system, without blocking.
  /// @returns the number of bytes that it accepted: fewer than there are, or 0, if it has no room,
  /// the connection is broken, or the outlet is closed.
  std::size_t send(std::string_view bytes) const noexcept;

private:
  static constexpr int closed = -1;

  int socket_ = closed;
};

} // namespace nekod::http
