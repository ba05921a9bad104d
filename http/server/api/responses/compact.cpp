#include "http/server/api/responses/compact.hpp"

#include "actors/messages.hpp"
#include "actors/runtime/ids.hpp"
#include "actors/runtime/unix_time.hpp"
#include "http/server/api/answer/response_form.hpp"
#include "http/server/api/request_context.hpp"
#include "http/server/api/responses/compaction_seal.hpp"
#include "http/server/api/responses/gather.hpp"
#include "protocol/openai/responses/compaction.hpp"
#include "protocol/openai/responses/request/create_parser.hpp"
#include "protocol/openai/responses/request/told_items.hpp"
#include "protocol/openai/responses/response_object.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

namespace nekod::http {

namespace {

namespace responses = openai::responses;
using chat::failure_code;

/// The record of the compacted items. It can be looked at and deleted as a response, and no
/// response follows it.
response_record record_of(const gathered_request& call) {
  response_record r;
  r.id = make_id(response_prefix);
  r.tenant = call.c.who.tenant;
  r.parent = call.asked.previous_response_id;
  if (call.follows)
    r.session = call.follows->session;
  r.state = response_state::closed;
  // The items of a chain are found by their response, those of a conversation may change.
  if (call.conversation.is_named())
    for (const auto& i : call.history)
      r.input.emplace_back(i.id, to_json(i));
  for (const auto& i : responses::new_items(call.history, call.asked.input))
    r.input.emplace_back(i.id, to_json(i));
  r.created_at = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto age = *call.c.api.options.response_age;
  if (age.count() > 0)
    r.expires_at = r.created_at + age;
  return r;
}

void store_compaction(const gathered_ptr& call) {
  const auto& c = call->c;
  for (const auto& items : {call->history, call->asked.input})
    if (const auto e = responses::first_unresolved(expanded(items, call->compacted)))
      return c.refuse(*e);
  auto record = record_of(*call);
  if (call->history.empty() && record.input.empty())
    return c.refuse({failure_code::missing_required_parameter, "input"});
  const auto made = responses::compaction_of(make_id(responses::id_prefix("compaction")),
                                             sealed_compaction(c, record.id));
  responses::append_compaction(record.object, record.id, in_unix_time(record.created_at),
                               to_json(made));
  auto told = [object = record.object](const request_context& asked, atom::commit) {
    asked.respond_json(200, object);
  };
  c.ask_store<atom::commit>(std::move(told), atom::commit_v, std::move(record));
}

} // namespace

void compact_conversation(const request_context& c) {
  if (!c.api.options.response_age)
    return c.refuse(
        {failure_code::invalid_value, "store", "--store-text digest keeps no responses"});
  auto parsed = responses::parse_create_request(c.req().body, c.api.options.max_messages);
  if (!parsed)
    return c.refuse(parsed.error());
  parsed->store = true;
  gather(std::make_shared<gathered_request>(c, *std::move(parsed)), store_compaction);
}

} // namespace nekod::http
