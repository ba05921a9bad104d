#include "http/server/api/responses.hpp"

#include "http/server/api/answer/response_writer.hpp"
#include "http/server/api/request_context.hpp"
#include "http/server/api/turn_request.hpp"
#include "protocol/openai/responses/request/compose.hpp"
#include "protocol/openai/responses/request/create_parser.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace nekod::http {

namespace {

namespace responses = openai::responses;
using chat::failure_code;

/// The refusal of a request that needs stored responses.
std::optional<chat::failure> lacks_store(const responses::create_request& r) {
  if (!r.previous_response_id.empty())
    return chat::failure{failure_code::previous_response_not_found, "previous_response_id",
                         r.previous_response_id};
  if (!r.conversation.empty())
    return chat::failure{failure_code::conversation_not_found, "conversation", r.conversation};
  if (r.background)
    return chat::failure{failure_code::unsupported_parameter, "background",
                         "responses are not stored"};
  return std::nullopt;
}

} // namespace

void answer_responses(const request_context& c) {
  const auto body = std::exchange(c.x->req().body, {});
  auto parsed = responses::parse_create_request(body, c.api.options.max_messages);
  if (!parsed)
    return c.refuse(parsed.error());
  if (auto problem = lacks_store(*parsed))
    return c.refuse(*problem);
  auto asked =
      responses::compose(*parsed, {}, parsed->input, parsed->instructions.value_or(std::string{}));
  if (!asked)
    return c.refuse(asked.error());
  asked->ignored = parsed->ignored;
  auto shared = std::make_shared<const responses::create_request>(*std::move(parsed));
  request_turn(c, *std::move(asked),
               [shared](const chat::request& r) { return make_response_writer(*shared, r.model); });
}

} // namespace nekod::http
