#pragma once

#include <cstddef>
#include <string_view>

namespace nekod::http {

/// A connection's way out past RESTinio, whose writes cost some four times what the system's do.
/// Used on the connection's loop only, and only while RESTinio writes nothing to the connection.
class outlet {
public:
  /// Bytes may go to *socket* from here on: it is not encrypted, and stays open until `close`.
  void open(int socket) noexcept { socket_ = socket; }

  void close() noexcept { socket_ = closed; }

  /// Hands bytes to the system, which never blocks.
  /// @returns how many of them it took: fewer than there are, or none, where it has no room, the
  ///          connection is broken, or this is closed.
  std::size_t send(std::string_view bytes) const noexcept;

private:
  static constexpr int closed = -1;

  int socket_ = closed;
};

} // namespace nekod::http
