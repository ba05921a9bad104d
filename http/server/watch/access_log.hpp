#pragma once

#include "http/server/message/exchange.hpp"

#include <string>

/// One line a request, for the log. It tells of the request's way, never of what was said: no
/// query, no header, no body.
namespace nekod::http {

/// `POST /v1/chat/completions 200 812.4ms first=23.1ms chunks=64 session=... id=req_...`.
std::string access_line(const request& r, const exchange_notes& notes,
                        const exchange_outcome& outcome);

/// The same as members of a JSON object, without its braces.
std::string access_members(const request& r, const exchange_notes& notes,
                           const exchange_outcome& outcome);

} // namespace nekod::http
