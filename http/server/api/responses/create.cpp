#include "http/server/api/responses/create.hpp"

#include "actors/resumption/kept_answer.hpp"
#include "actors/runtime/ids.hpp"
#include "actors/runtime/unix_time.hpp"
#include "http/server/api/answer/response_keeper.hpp"
#include "http/server/api/answer/response_writer.hpp"
#include "http/server/api/request_context.hpp"
#include "http/server/api/responses/conversations.hpp"
#include "http/server/api/responses/follow.hpp"
#include "http/server/api/resuming.hpp"
#include "http/server/api/turn_request.hpp"
#include "protocol/openai/conversations/items.hpp"
#include "protocol/openai/responses/request/compose.hpp"
#include "protocol/openai/responses/request/create_parser.hpp"
#include "protocol/openai/responses/request/told_items.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace nekod::http {

namespace {

namespace responses = openai::responses;
using chat::failure_code;
using responses::item_kind;

/// A request on the way to its turn.
struct create_call {
  create_call(const request_context& context, responses::create_request r)
      : c(context), asked(std::move(r)) {}

  request_context c;
  responses::create_request asked;
  /// As in `request_identity`.
  std::string identity;
  /// The items before the request.
  std::vector<responses::item> history;
  std::optional<turn_predecessor> follows;
  turn_conversation conversation;
  /// The prompt of the conversation, without its items.
  std::string prompt;
};

using call_ptr = std::shared_ptr<create_call>;

/// Whether the items of a request are kept, in a response or in a conversation.
bool keeps_items(const responses::create_request& r) { return r.store || !r.conversation.empty(); }

/// Those items that the store has to be asked for: references, and, where the response is stored,
/// items with ids of the client's.
std::vector<std::string> wanted_ids(const create_call& call) {
  std::vector<std::string> ids;
  for (const auto& i : call.asked.input)
    if (!i.id.empty() && (i.kind == item_kind::reference || keeps_items(call.asked)))
      ids.push_back(i.id);
  return ids;
}

/// Replaces references by the items that they stand for, and gives ids to items that are to be
/// stored. An id of the client's stays unless another item has it.
void identify(create_call& call, const item_finding& found) {
  std::unordered_map<std::string_view, responses::item> known;
  for (const auto& i : call.history)
    known.emplace(i.id, i);
  for (const auto& i : found.items)
    known.emplace(i.id, responses::item_of(i.id, i.json));
  std::set<std::string, std::less<>> used;
  for (auto& i : call.asked.input) {
    const auto same = known.find(i.id);
    if (i.kind == item_kind::reference) {
      if (same == known.end())
        continue; // It is refused where the conversation is composed.
      auto place = std::move(i.place);
      i = same->second;
      i.place = std::move(place);
    } else if (keeps_items(call.asked)) {
      const auto taken = same != known.end() && !say_the_same(same->second, i);
      if (i.id.empty() || taken || used.contains(i.id))
        i.id = make_id(responses::id_prefix(i.type));
    }
    used.insert(i.id);
  }
}

/// The prompt for the turn, without items. That of a conversation stays if there is no other; it is
/// told again only if items join it.
std::string prompt_of(const create_call& call) {
  const auto& asked = call.asked;
  if (asked.instructions || std::ranges::none_of(asked.input, responses::instructs))
    return asked.instructions.value_or(std::string{});
  return call.prompt;
}

void ask_for_turn(const call_ptr& call) {
  auto& asked = call->asked;
  const auto& c = call->c;
  asked.input = new_items(call->history, asked.input);
  const auto goes_on = call->conversation.is_named();
  const auto streams = asked.stream;
  // What runs in the background can always be streamed, and its pieces are there if it is
  // cancelled.
  asked.stream = asked.stream || asked.background;
  const auto what = goes_on ? responses::telling::news : responses::telling::whole;
  auto turn = responses::compose(asked, call->history, asked.input, prompt_of(*call), what);
  if (!turn)
    return c.refuse(turn.error());
  turn->ignored = asked.ignored;
  auto input = std::move(asked.input);
  const auto shared = std::make_shared<const responses::create_request>(std::move(asked));
  turn_storage storage;
  storage.follows = std::move(call->follows);
  storage.conversation = std::move(call->conversation);
  storage.form = std::make_shared<response_keeper>(
      shared, std::move(input), c.api.options.response_age.value_or(std::chrono::seconds{0}),
      c.language());
  if (keeps_items(*shared))
    storage.keeper = storage.form;
  storage.identity = std::move(call->identity);
  if (!shared->background)
    return request_turn(
        c, *std::move(turn),
        [shared](const chat::request& r) { return make_response_writer(*shared, r.model); },
        std::move(storage));
  answer_identity identity{make_id({}), unix_time()};
  std::function<std::unique_ptr<answer_writer>()> writer;
  followed_response from_start;
  from_start.identity = identity;
  if (streams)
    writer = [shared, from_start] { return make_followed_writer(*shared, from_start); };
  request_background_turn(c, *std::move(turn), std::move(storage), std::move(identity), writer);
}

void find_items(const call_ptr& call) {
  item_query query;
  query.tenant = call->c.who.tenant;
  query.ids = wanted_ids(*call);
  if (query.ids.empty()) {
    identify(*call, {});
    return ask_for_turn(call);
  }
  call->c.ask_store<item_finding>(
      [call](const request_context&, const item_finding& found) {
        identify(*call, found);
        ask_for_turn(call);
      },
      atom::show_v, std::move(query));
}

void find_chain(const call_ptr& call) {
  const auto& previous = call->asked.previous_response_id;
  call->c.ask_store<response_chain>(
      [call](const request_context& c, const response_chain& chain) {
        const auto& id = call->asked.previous_response_id;
        if (!chain.found || chain.state != response_state::chainable)
          return c.refuse({failure_code::previous_response_not_found, "previous_response_id", id});
        for (const auto& i : chain.items)
          call->history.push_back(responses::item_of(i.id, i.json));
        call->follows.emplace(id, chain.session);
        find_items(call);
      },
      atom::show_v, chain_query{{call->c.who.tenant, previous}});
}

void find_conversation(const call_ptr& call) {
  call->c.ask_store<conversation_finding>(
      [call](const request_context& c, const conversation_finding& found) {
        auto& asked = call->asked;
        if (!found.found)
          return c.refuse(
              {failure_code::conversation_not_found, "conversation", asked.conversation});
        const auto& messages = found.messages;
        call->conversation.id = found.info.conversation;
        call->conversation.session = found.info.id;
        call->conversation.kept_for = c.api.options.conversation_age;
        call->history = openai::conversations::items_of(messages, found.info.conversation);
        call->prompt = openai::conversations::instructions_of(messages);
        find_items(call);
      },
      atom::show_v, conversation_of(call->c, call->asked.conversation));
}

/// Answers a request that is sent again, if the answer to the first one is kept.
/// @returns whether it is.
bool answer_again(const create_call& call) {
  const auto& c = call.c;
  const auto kept = c.api.options.resumption->all->find_request(call.identity);
  if (!kept || !kept->keeper || (!kept->background && !call.asked.stream))
    return false;
  c.x->carry({{"Idempotent-Replayed", "true"}});
  if (call.asked.stream)
    follow_response(c, *kept, -1);
  else
    ask_for_object(c, kept->who, atom::show_v,
                   [](const request_context& gone) { gone.refuse(failure_code::overloaded); });
  return true;
}

} // namespace

void create_response(const request_context& c) {
  const auto body = std::exchange(c.x->req().body, {});
  auto parsed = responses::parse_create_request(body, c.api.options.max_messages);
  if (!parsed)
    return c.refuse(parsed.error());
  if (!c.api.options.response_age)
    parsed->store = false;
  const auto call = std::make_shared<create_call>(c, *std::move(parsed));
  call->identity = request_identity(c, body);
  if (answer_again(*call))
    return;
  if (!call->asked.conversation.empty())
    find_conversation(call);
  else if (!call->asked.previous_response_id.empty())
    find_chain(call);
  else
    find_items(call);
}

} // namespace nekod::http
