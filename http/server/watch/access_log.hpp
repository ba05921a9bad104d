#pragma once

#include "http/server/message/exchange.hpp"

#include <string>

/// One log line per request. It describes the request's way, never its content: no query, no
/// header, no body.
namespace nekod::http {

/// `POST /v1/chat/completions 200 812.4ms first=23.1ms chunks=64 session=... id=req_...`.
std::string access_line(const request& r, const exchange_notes& notes,
                        const exchange_outcome& outcome);

/// The same as members of a JSON object, without its braces.
std::string access_members(const request& r, const exchange_notes& notes,
                           const exchange_outcome& outcome);

} // namespace nekod::http
