#pragma once

#include "http/server/message/exchange.hpp"

#include <cstdint>
#include <optional>

/// Which header fields of a passing request go to the upstream, and which of its answer come back.
/// Pure.
namespace nekod::http {

/// The fields of a request that pass; names in lower case. Removed are fields about the client's
/// connection or address, its credentials and accounts, and fields for nekod itself.
fields passed_on(const fields& request);

/// The fields of an answer that pass. Removed are fields about the upstream's connection, its
/// software or our account there, and rules for browsers.
fields passed_back(const fields& answer);

/// The fields of another node's answer: all but those of its connection, and what each node adds to
/// its own answers.
fields relayed_back(const fields& answer);

/// The bytes of the answer's body, if its fields say so.
std::optional<std::uint64_t> length_of(const fields& answer);

/// Whether a request asks to change the protocol of its connection. An offer of HTTP/2 without TLS,
/// which some clients send with each request, may be ignored and does not count.
bool asks_for_upgrade(const request& r);

} // namespace nekod::http
