#pragma once

#include "protocol/chat/failure.hpp"
#include "protocol/chat/request.hpp"
#include "protocol/openai/responses/item.hpp"
#include "protocol/openai/responses/request/create_request.hpp"
#include "protocol/result.hpp"

#include <span>
#include <string>
#include <string_view>

/// Requests of the Responses API as requests for an answer, which any upstream takes.
namespace nekod::openai::responses {

/// How much of a conversation a request tells.
enum class telling {
  /// All of it.
  whole,
  /// Only what is new in the request. A system message, if there is one, has the texts of the
  /// history, too.
  news,
};

/// The request for an answer that *asked* makes after *history*.
///
/// Where the conversation is stored, its messages have their items. Its messages, and `messages` in
/// its body, follow what chat templates demand: one system message with *instructions* and the
/// texts of all system and developer messages; calls in one assistant message with the text before
/// them, followed by exactly their tool messages; images of outputs in a user message after these.
/// The body is in the form of chat completions. The fields that text alone cannot replace, such as
/// images, are among its demands, with the names they have in *asked*. What servers name
/// differently is not in the body. `session_id` is taken over; what comes in header fields is left
/// empty.
/// @param history The items before the request: of the conversation, or of the chain of responses.
/// @param own The items of the request, in which references and compactions are replaced by the
///        items they stand for.
/// @param instructions The prompt that holds for this turn; may be empty.
/// @returns the request; or the failure of an item that cannot be told (see `told_items`), or of
///          input without any item to tell.
result<chat::request, chat::failure>
compose(const create_request& asked, std::span<const item> history, std::span<const item> own,
        std::string_view instructions, telling what = telling::whole);

} // namespace nekod::openai::responses
