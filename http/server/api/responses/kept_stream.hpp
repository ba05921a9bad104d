#pragma once

#include "actors/resumption/kept_answers.hpp"
#include "http/server/message/exchange.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nekod::http {

struct request_context;

/// The kept response with that id, as clients know it.
std::optional<kept_entry> find_kept(const request_context& c, std::string_view id);

/// The header fields that tell what became of the request of a kept response, as those of its own
/// answer would have: the upstream, what was ignored, and, if it failed, when to try again.
fields kept_fields(const kept_entry& kept);

/// Streams the events of a kept response: those that there are, then those that come.
/// @param after The number of the last event that the client has; -1 for none.
void stream_kept(const request_context& c, const kept_entry& kept, std::int64_t after);

/// `GET /v1/responses/{id}?stream=true`: the events of a response that is kept for clients that
/// come back, with the numbers and ids that they had. With `starting_after=N`, or the header field
/// `Last-Event-ID: N`, those behind number N. A response that is only stored is told in few events,
/// numbered anew; an event of it that the client names has expired.
void stream_response(const request_context& c, const std::string& id);

} // namespace nekod::http
