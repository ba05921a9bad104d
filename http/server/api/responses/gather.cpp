#include "http/server/api/responses/gather.hpp"

#include "actors/messages.hpp"
#include "actors/runtime/ids.hpp"
#include "http/server/api/responses/compaction_seal.hpp"
#include "http/server/api/responses/conversations.hpp"
#include "protocol/openai/conversations/items.hpp"
#include "protocol/openai/responses/request/sure_news.hpp"

#include <cstddef>
#include <functional>
#include <set>
#include <string_view>
#include <unordered_map>

namespace nekod::http {

namespace {

namespace responses = openai::responses;
using chat::failure_code;
using responses::item_kind;

using next_step = std::function<void(const gathered_ptr&)>;

/// The most compaction items of a request and its history, those within compactions included: each
/// is a question to the store.
constexpr std::size_t most_compactions = 64;

/// Those items that the store has to be asked for: references, and, where the response is stored,
/// items with ids of the client's.
std::vector<std::string> wanted_ids(const gathered_request& call) {
  std::vector<std::string> ids;
  for (const auto& i : call.asked.input)
    if (!i.id.empty() && (i.kind == item_kind::reference || keeps_items(call.asked)))
      ids.push_back(i.id);
  return ids;
}

/// Replaces references by the items that they stand for, and gives ids to items that are to be
/// stored. An id of the client's stays unless another item has it.
/// @returns the failure if another item has it, and the request names a conversation: there a
///          client counts on its ids.
std::optional<chat::failure> identify(gathered_request& call, const item_finding& found) {
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
      const auto taken =
          used.contains(i.id) || (same != known.end() && !say_the_same(same->second, i));
      if (taken && !call.asked.conversation.empty())
        return chat::failure{failure_code::invalid_value, i.place + ".id",
                             "another item has this id"};
      if (i.id.empty() || taken)
        i.id = make_id(responses::id_prefix(i.type));
    }
    used.insert(i.id);
  }
  return std::nullopt;
}

std::vector<responses::item> parsed_items(const std::vector<stored_item>& stored) {
  std::vector<responses::item> result;
  result.reserve(stored.size());
  for (const auto& i : stored)
    result.push_back(responses::item_of(i.id, i.json));
  return result;
}

/// A compaction item whose items have not been looked for, among *items*; empty if there is none.
std::string unknown_compaction(const gathered_request& call,
                               const std::vector<responses::item>& items) {
  for (const auto& i : items)
    if (i.kind == item_kind::compaction)
      if (auto content = responses::compacted_content(i); !call.compacted.contains(content))
        return content;
  return {};
}

std::string unknown_compaction(const gathered_request& call) {
  auto content = unknown_compaction(call, call.history);
  if (content.empty())
    content = unknown_compaction(call, call.asked.input);
  for (auto i = call.compacted.begin(); content.empty() && i != call.compacted.end(); ++i)
    if (i->second)
      content = unknown_compaction(call, *i->second);
  return content;
}

void find_compactions(const gathered_ptr& call, const next_step& then) {
  const auto& c = call->c;
  for (;;) {
    const auto content = unknown_compaction(*call);
    if (content.empty())
      return then(call);
    if (call->compacted.size() == most_compactions)
      return c.refuse({failure_code::invalid_value, "input",
                       "at most " + std::to_string(most_compactions) + " compaction items"});
    const auto id = unsealed_compaction(c, content);
    call->compacted.try_emplace(content);
    if (!id)
      continue;
    return c.ask_store<response_chain>(
        [call, then, content](const request_context&, const response_chain& chain) {
          if (chain.found)
            call->compacted[content] = parsed_items(chain.items);
          find_compactions(call, then);
        },
        atom::show_v, chain_query{{c.who.tenant, *id}});
  }
}

void find_items(const gathered_ptr& call, const next_step& then) {
  item_query query;
  query.tenant = call->c.who.tenant;
  query.ids = wanted_ids(*call);
  if (query.ids.empty()) {
    identify(*call, {}); // Nothing to compare with, and no id of the client's.
    return find_compactions(call, then);
  }
  call->c.ask_store<item_finding>(
      [call, then](const request_context& c, const item_finding& found) {
        if (const auto e = identify(*call, found))
          return c.refuse(*e);
        find_compactions(call, then);
      },
      atom::show_v, std::move(query));
}

/// Takes what is new, if the last response shows it.
/// @returns whether it does.
bool take_news(gathered_request& call, const response_record& last) {
  const auto input = parsed_items(last.input);
  auto output = parsed_items(last.output);
  auto news = responses::sure_news({input, output}, call.asked.input);
  if (!news)
    return false;
  call.asked.input = *std::move(news);
  call.history = std::move(output);
  call.leaves_out = true;
  return true;
}

/// Looks at the response *id* alone. Calls *otherwise* if that is not enough.
void find_last(const gathered_ptr& call, const std::string& id, const next_step& then,
               const next_step& otherwise) {
  call->c.ask_store<response_finding>(
      [call, then, otherwise](const request_context&, const response_finding& found) {
        const auto& last = found.record;
        if (!last || last->state != response_state::chainable || !take_news(*call, *last))
          return otherwise(call);
        if (!call->conversation.is_named())
          call->follows.emplace(last->id, last->session);
        find_items(call, then);
      },
      atom::show_v, response_key{call->c.who.tenant, id});
}

void find_chain(const gathered_ptr& call, const next_step& then) {
  const auto& previous = call->asked.previous_response_id;
  call->c.ask_store<response_chain>(
      [call, then](const request_context& c, const response_chain& chain) {
        const auto& id = call->asked.previous_response_id;
        if (!chain.found || chain.state != response_state::chainable)
          return c.refuse({failure_code::previous_response_not_found, "previous_response_id", id});
        call->history = parsed_items(chain.items);
        call->follows.emplace(id, chain.session);
        find_items(call, then);
      },
      atom::show_v, chain_query{{call->c.who.tenant, previous}});
}

void take_conversation(gathered_request& call, const conversation_finding& found) {
  const auto& messages = found.messages;
  call.conversation.id = found.info.conversation;
  call.conversation.session = found.info.id;
  call.conversation.kept_for = call.c.api.options.conversation_age;
  call.history = openai::conversations::items_of(messages, found.info.conversation);
  call.prompt = openai::conversations::instructions_of(messages);
}

/// Asks for the conversation that the request names, and takes what was found.
void find_conversation(const gathered_ptr& call, bool with_messages,
                       const std::function<void(const session_info&)>& then) {
  auto query = conversation_of(call->c, call->asked.conversation);
  query.with_messages = with_messages;
  call->c.ask_store<conversation_finding>(
      [call, then](const request_context& c, const conversation_finding& found) {
        if (!found.found)
          return c.refuse(
              {failure_code::conversation_not_found, "conversation", call->asked.conversation});
        take_conversation(*call, found);
        then(found.info);
      },
      atom::show_v, std::move(query));
}

void find_whole_conversation(const gathered_ptr& call, const next_step& then) {
  find_conversation(call, true, [call, then](const session_info&) { find_items(call, then); });
}

/// Finds the end of a conversation: its newest response, if there is one.
void find_end_of_conversation(const gathered_ptr& call, const next_step& then) {
  find_conversation(call, false, [call, then](const session_info& info) {
    const auto otherwise = [then](const gathered_ptr& c) { find_whole_conversation(c, then); };
    if (info.newest_response.empty())
      return otherwise(call);
    find_last(call, info.newest_response, then, otherwise);
  });
}

} // namespace

bool keeps_items(const responses::create_request& r) { return r.store || !r.conversation.empty(); }

void gather(const gathered_ptr& call, const next_step& then) {
  const auto& asked = call->asked;
  const auto may_leave_out = !call->wants_all && responses::may_be_news(asked.input);
  if (!asked.conversation.empty())
    return may_leave_out ? find_end_of_conversation(call, then)
                         : find_whole_conversation(call, then);
  if (asked.previous_response_id.empty())
    return find_items(call, then);
  if (!may_leave_out)
    return find_chain(call, then);
  find_last(call, asked.previous_response_id, then,
            [then](const gathered_ptr& c) { find_chain(c, then); });
}

} // namespace nekod::http
