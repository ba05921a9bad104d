#pragma once

#include "http/server/listen/server_socket.hpp"

#include <restinio/tls_fwd.hpp>

#include <exception>
#include <system_error>
#include <utility>

/// Functions that RESTinio finds by the type of the socket, when it makes connections with it.
namespace nekod::http {

/// Called for each connection before it is read: the TLS handshake runs, then the connection is
/// announced.
template <class Connection, class StartReading, class Failed>
void prepare_connection_and_start_read(server_socket& socket, Connection& connection,
                                       StartReading start_reading, Failed failed) {
  socket.prepare([start_reading = std::move(start_reading), failed = std::move(failed), &socket,
                  id = connection.connection_id(), strand = connection.get_executor(),
                  alive = connection.shared_from_this()](const asio::error_code& ec) {
    if (ec) {
      failed(ec);
      return;
    }
    socket.announce(id, strand);
    // This throws if there are too many connections. RESTinio expects that for plain sockets only.
    try {
      start_reading();
    } catch (const std::exception&) {
      failed(make_error_code(std::errc::too_many_files_open));
    }
  });
}

/// Null, since the socket is not one of RESTinio's own TLS sockets.
inline restinio::tls_socket_t* make_tls_socket_pointer_for_state_listener(server_socket&) noexcept {
  return nullptr;
}

} // namespace nekod::http
