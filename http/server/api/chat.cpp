#include "http/server/api/chat.hpp"

#include "http/server/api/answer/chat_writer.hpp"
#include "http/server/api/request_context.hpp"
#include "http/server/api/turn_request.hpp"
#include "protocol/openai/chat/request_parser.hpp"

#include <string>
#include <utility>

namespace nekod::http {

void answer_chat(const request_context& c) {
  auto parsed =
      openai::parse_chat_request(std::exchange(c.x->req().body, {}), c.api.options.max_messages);
  if (!parsed)
    return c.refuse(parsed.error());
  request_turn(c, *std::move(parsed), make_chat_writer);
}

} // namespace nekod::http
