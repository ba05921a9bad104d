#pragma once

#include "actors/turn.hpp"
#include "http/server/api/answer/answer_writer.hpp"
#include "protocol/chat/request.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace nekod::http {

struct request_context;

/// A turn's ties to stored and kept responses. Its answer's identity is set by the request.
struct turn_storage : turn_ties {
  turn_storage() = default;

  /// Makes the objects of a response that is kept; null for an API whose answers have no ids to be
  /// found by.
  std::shared_ptr<const response_recorder> object_recorder;
  /// As in `retry_key_of`; empty for that of the request's own body.
  std::string identity;
};

/// Makes the writer of the answer to a complete request.
using writer_maker = std::function<std::unique_ptr<answer_writer>(const chat::request&)>;

/// Asks the registry for a turn, for a request of any API: completes *asked* with the header fields
/// about sessions and retries, and sends it to the registry with the reply that will write its
/// answer. Answers with an error if one of these fields is wrong. With `X-Resumable: true` the
/// answer to a stream is kept for the client to come back; a request that is sent again, and whose
/// answer is kept, gets that.
void request_turn(const request_context& c, chat::request asked, const writer_maker& writer,
                  turn_storage storage = {});

/// Asks for a turn in the background, of which the client is told at once.
/// @param storage Its `object_recorder` makes the object that the client gets at once.
/// @param identity The id and time of the response.
/// @param writer Made once the response is stored, to stream it; null to answer with the object.
void request_background_turn(const request_context& c, chat::request asked, turn_storage storage,
                             answer_identity identity,
                             const std::function<std::unique_ptr<answer_writer>()>& writer);

} // namespace nekod::http
