#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

namespace nekod::http {

/// Closes a connection after a last answer while its client may still be sending: reads and
/// discards for a while. Closing with unread bytes would reset the connection, and the client would
/// lose the answer. Beyond a limit of such connections it closes at once.
void close_lingering(asio::io_context& loop, asio::ip::tcp::socket socket);

} // namespace nekod::http
