#pragma once

#include "http/server/message/exchange.hpp"

#include <cstdint>
#include <optional>

/// Which header fields of a request that passes go to the upstream, and which of its answer come
/// back. Pure.
namespace nekod::http {

/// The fields of a request that pass; names in lower case. Those do not that are about the client's
/// connection or address, name its credentials, say whose account it is, or are for us.
fields passed_on(const fields& request);

/// The fields of an answer that pass. Those do not that are about the upstream's connection, its
/// software or our account there, or that would give browsers rules about us.
fields passed_back(const fields& answer);

/// Bytes of the answer's body, where its fields say so.
std::optional<std::uint64_t> length_of(const fields& answer);

/// Whether a request asks for another protocol on its connection. That of HTTP/2 without TLS, which
/// some clients offer with each request, may be passed over and does not count.
bool asks_for_upgrade(const request& r);

} // namespace nekod::http
