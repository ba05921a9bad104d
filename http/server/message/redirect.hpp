#pragma once

#include "http/server/message/exchange.hpp"

#include <cstdint>

namespace nekod::http {

/// Answers 308 with the same URL over TLS: the host that the client named, at *port*. A request
/// without a host is answered 400.
void redirect_to_tls(exchange& x, std::uint16_t port);

} // namespace nekod::http
