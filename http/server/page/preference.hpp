#pragma once

#include "http/server/message/exchange.hpp"

#include <string_view>

/// The preferences of a client, by its fields `Accept`, `Accept-Encoding` and `If-None-Match` (RFC
/// 9110, 12.5 and 13.1.2). Pure.
namespace nekod::http {

/// Whether the client of *r* is a browser that wants a page: its `Accept` names `text/html`, and
/// not with less weight than `application/json`. A wildcard names nothing.
bool wants_page(const request& r);

/// Whether *r* may be answered in gzip.
bool takes_gzip(const request& r);

/// Whether the client of *r* has the representation with that entity tag, which includes its
/// quotes.
bool has_copy(const request& r, std::string_view tag);

} // namespace nekod::http
