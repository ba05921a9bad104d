#include "http/server/api/chat.hpp"

#include "actors/resumption/kept_answer.hpp"
#include "http/server/api/answer/chat_writer.hpp"
#include "http/server/api/cluster/elsewhere.hpp"
#include "http/server/api/request_context.hpp"
#include "http/server/api/resuming.hpp"
#include "http/server/api/turn_request.hpp"
#include "protocol/openai/chat/request_parser.hpp"

#include <memory>
#include <string>
#include <utility>

namespace nekod::http {

namespace {

/// Asks for the turn, unless the client comes back to an answer that another node keeps.
void ask_for_turn(const request_context& c, chat::request parsed) {
  const auto identity = may_come_back(c.req()) ? retry_key_of(c, parsed.body) : std::string{};
  const auto known = !identity.empty();
  if (known ? c.api.options.resumption->all->find_by_retry_key(identity).has_value() : !c.relayed)
    return request_turn(c, std::move(parsed), make_chat_writer);
  elsewhere_request asked;
  asked.name = answer_name::of_request(c.who.tenant, identity);
  asked.what.body = parsed.body;
  asked.what.first_byte = stream_time(c);
  asked.absent = [held = std::make_shared<chat::request>(std::move(parsed))](const auto& own) {
    request_turn(own, std::move(*held), make_chat_writer);
  };
  // The turn waits until the other one has ended, or its node is gone.
  asked.unreachable = asked.absent;
  answer_elsewhere(c, std::move(asked));
}

} // namespace

void answer_chat(const request_context& c) {
  auto parsed =
      openai::parse_chat_request(std::exchange(c.x->req().body, {}), c.api.options.max_messages);
  if (!parsed)
    return c.refuse(parsed.error());
  ask_for_turn(c, *std::move(parsed));
}

} // namespace nekod::http
