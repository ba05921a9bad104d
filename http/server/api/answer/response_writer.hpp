#pragma once

#include "actors/session/answer_log.hpp"
#include "http/server/api/answer/answer_writer.hpp"
#include "protocol/openai/responses/request/create_request.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace nekod::http {

/// The writer of an answer in the Responses API, whole or as events, as *asked* wants it.
/// @param model The model to name where a stream fails before it is known which one answers.
std::unique_ptr<answer_writer> make_response_writer(const openai::responses::create_request& asked,
                                                    const std::string& model);

/// A stream of events that begins at once.
struct early_stream {
  early_stream() = default;

  /// The response's, if it is in the background.
  std::optional<answer_identity> identity;
  /// As in `stream_options`.
  std::int64_t after = -1;
};

/// The writer of a stream of a response in the background, or of one that is read once more. All of
/// these writers write the same events.
std::unique_ptr<answer_writer> make_early_writer(const openai::responses::create_request& asked,
                                                 const early_stream& what);

} // namespace nekod::http
