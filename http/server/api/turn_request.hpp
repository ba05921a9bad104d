#pragma once

#include "actors/turn.hpp"
#include "http/server/api/answer/answer_writer.hpp"
#include "protocol/chat/request.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace nekod::http {

struct request_context;

/// What a turn has to do with stored responses.
struct turn_storage {
  turn_storage() = default;

  // As in `open_turn`.
  std::optional<turn_predecessor> follows;
  turn_conversation conversation;
  std::shared_ptr<const answer_keeper> keeper;
};

/// Makes the writer of the answer to a complete request.
using writer_maker = std::function<std::unique_ptr<answer_writer>(const chat::request&)>;

/// Asks the registry for a turn, for a request of any API: completes *asked* with the header fields
/// about sessions and retries, and sends it to the registry with the reply that will write its
/// answer. Answers with an error if one of these fields is wrong.
void request_turn(const request_context& c, chat::request asked, const writer_maker& writer,
                  turn_storage storage = {});

} // namespace nekod::http
