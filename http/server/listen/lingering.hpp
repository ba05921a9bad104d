#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

namespace nekod::http {

/// Closes a connection whose client may still be sending, behind a last answer: what it sends is
/// read and thrown away for a while. A close with bytes unread resets the connection, and the
/// answer on its way is lost to the client. Past a limit of such connections, closes at once.
void close_lingering(asio::io_context& loop, asio::ip::tcp::socket socket);

} // namespace nekod::http
