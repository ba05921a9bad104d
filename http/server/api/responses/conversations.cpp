#include "http/server/api/responses/conversations.hpp"

#include "actors/runtime/ids.hpp"
#include "actors/runtime/unix_time.hpp"
#include "http/server/api/answer/response_form.hpp"
#include "http/server/api/request_context.hpp"
#include "http/server/api/responses/item_page.hpp"
#include "http/server/message/path.hpp"
#include "protocol/openai/conversations/conversation_object.hpp"
#include "protocol/openai/conversations/conversation_request.hpp"
#include "protocol/openai/conversations/items.hpp"
#include "protocol/text/words.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace nekod::http {

namespace {

namespace conversations = openai::conversations;
using chat::failure_code;
using openai::responses::item;

/// Bytes of a client's word in an error.
constexpr std::size_t longest_word = 128;

/// A path below `/conversations/`.
struct conversation_path {
  /// As the client wrote it.
  std::string id;
  bool has_items = false;
  /// Empty for none.
  std::string item;
  /// Whether there cannot be such an endpoint.
  bool is_unknown = false;
};

conversation_path conversation_path_of(const request_context& c) {
  conversation_path result;
  auto rest = c.id();
  const auto next = [&rest] {
    const auto slash = rest.find('/');
    const auto part = decode_percent(rest.substr(0, slash));
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
    return part.value_or(std::string{});
  };
  result.id = next();
  result.has_items = rest == "items" || rest.starts_with("items/");
  if (result.has_items) {
    next();
    result.item = next();
  }
  result.is_unknown = !rest.empty();
  return result;
}

void refuse_unknown(const request_context& c, const std::string& id) {
  c.refuse({failure_code::conversation_not_found, {}, in_backquotes(id, longest_word)});
}

chat::failure unknown_item(const std::string& id) {
  return {failure_code::item_not_found, {}, in_backquotes(id, longest_word)};
}

void refuse_unknown_item(const request_context& c, const std::string& id) {
  c.refuse(unknown_item(id));
}

/// The messages after a change, or the reason why it is refused.
using changed_messages = result<std::vector<chat::message>, chat::failure>;

/// Called with a conversation that was found.
using finding_handler = std::function<void(const request_context&, const conversation_finding&)>;

void find(const request_context& c, const std::string& id, finding_handler then) {
  c.ask_store<conversation_finding>(
      [id, then = std::move(then)](const request_context& asked,
                                   const conversation_finding& found) {
        if (found.found)
          then(asked, found);
        else
          refuse_unknown(asked, id);
      },
      atom::show_v, conversation_of(c, id));
}

/// As *find*; a session that has no record yet, since no turn of it was answered, has no messages.
void find_or_new(const request_context& c, const std::string& id, finding_handler then) {
  c.ask_store<conversation_finding>(
      [id, then = std::move(then)](const request_context& asked,
                                   const conversation_finding& found) {
        if (found.found)
          return then(asked, found);
        asked.ask<session_finding>(
            [id, then](const request_context& again, const session_finding& session) {
              if (!session.found)
                return refuse_unknown(again, id);
              conversation_finding empty;
              empty.info = session.info;
              empty.metadata = "{}";
              then(again, empty);
            },
            atom::show_v, conversation_of(asked, id));
      },
      atom::show_v, conversation_of(c, id));
}

std::string object_of(const conversation_finding& found, std::string_view metadata) {
  return conversations::conversation_json(std::string{conversation_prefix} +
                                              found.info.conversation,
                                          in_unix_time(found.info.created_at), metadata);
}

std::vector<stored_item> stored(const std::vector<item>& items) {
  std::vector<stored_item> result;
  result.reserve(items.size());
  for (const auto& i : items)
    result.emplace_back(i.id, to_json(i));
  return result;
}

std::vector<item> items_of(const conversation_finding& found) {
  return conversations::items_of(found.messages, found.info.conversation);
}

/// Gives ids to items that have none.
/// @param before The items of the conversation.
/// @returns the failure if the conversation has one of the ids, or two items have the same.
std::optional<chat::failure> identify(std::vector<item>& added, const std::vector<item>& before) {
  std::set<std::string, std::less<>> used;
  for (const auto& i : before)
    used.insert(i.id);
  for (auto& i : added) {
    if (i.id.empty())
      i.id = make_id(openai::responses::id_prefix(i.type));
    if (!used.insert(i.id).second)
      return chat::failure{failure_code::invalid_value, i.place + ".id",
                           "the conversation has an item with this id"};
  }
  return std::nullopt;
}

/// Calls and outputs that are there already would be told twice, which upstreams refuse.
/// @param before The items of the conversation.
std::optional<chat::failure> refuse_repeated(const std::vector<item>& added,
                                             const std::vector<item>& before) {
  // For each call, whether it is its output that came last.
  std::unordered_map<std::string_view, bool> last;
  const auto repeats = [&last](const item& i) {
    if (i.call_id.empty() || !(is_call(i) || is_output(i)))
      return false;
    const auto [known, is_new] = last.try_emplace(i.call_id, is_output(i));
    return !is_new && std::exchange(known->second, is_output(i)) == is_output(i);
  };
  for (const auto& i : before)
    repeats(i);
  for (const auto& i : added)
    if (repeats(i))
      return chat::failure{failure_code::invalid_value, i.place + ".call_id",
                           is_call(i) ? "the conversation has this call"
                                      : "the call has an output"};
  return std::nullopt;
}

/// Answers with the items, in their order.
void list(const request_context& c, const std::vector<item>& items, const item_page_query& query) {
  auto page = item_page(stored(items), query);
  if (page)
    c.respond_json(200, *std::move(page));
  else
    c.refuse(page.error());
}

/// All of up to 100 items, the oldest first.
item_page_query all_items() {
  item_page_query query;
  query.limit = 100;
  query.newest_first = false;
  return query;
}

/// Asks the session of *found* to change its conversation; then calls *then*.
void edit(const request_context& c, const conversation_finding& found, conversation_edit e,
          std::function<void(const request_context&)> then) {
  e.id = found.info.conversation;
  e.kept_for = c.api.options.conversation_age;
  c.ask<edit_outcome>(
      [then = std::move(then)](const request_context& asked, const edit_outcome& outcome) {
        if (outcome.refused)
          asked.refuse(*outcome.refused);
        else
          then(asked);
      },
      atom::edit_v, session_key{found.info}, std::move(e));
}

// -- to create -----------------------------------------------------------------------------------

/// Stores the record of a session that has no turns yet, and answers with its conversation.
void begin(const request_context& c, std::vector<chat::message> messages,
           const std::string& metadata) {
  session_commit first;
  first.token = {make_id("begun-"), 1};
  auto& info = first.record.info;
  info.id = make_session_id();
  info.tenant = c.who.tenant;
  info.conversation = make_conversation_id();
  info.created_at = info.last_used = recorded_now();
  info.keep_for(c.api.options.conversation_age, info.created_at);
  first.record.metadata = metadata;
  if (!messages.empty())
    first.record.tip = conversation_tip::unrecognisable();
  first.messages = {0, std::move(messages)};
  conversation_finding begun;
  begun.info = info;
  const auto token = first.token;
  c.ask_store<atom::commit>(
      [begun, metadata, token](const request_context& asked, atom::commit) {
        caf::anon_send(asked.api.store, atom::release_v, token);
        asked.respond_json(200, object_of(begun, metadata));
      },
      atom::commit_v, std::move(first));
}

void begin_with_items(const request_context& c, std::vector<chat::message> messages,
                      conversations::conversation_request r, const std::vector<item>& before) {
  if (auto problem = identify(r.items, before))
    return c.refuse(*problem);
  if (auto problem = refuse_repeated(r.items, conversations::items_of(messages, {})))
    return c.refuse(*problem);
  begin(c, conversations::with_items(std::move(messages), r.items), r.metadata.value_or("{}"));
}

/// Begins with a copy of the conversation that the metadata name, if there is one with that item.
void branch(const request_context& c, conversations::conversation_request r) {
  const auto query = conversation_of(c, r.branch->parent);
  c.ask_store<conversation_finding>(
      [r = std::move(r)](const request_context& asked, const conversation_finding& found) {
        const auto& last = r.branch->item;
        const auto all = items_of(found);
        if (!found.found || std::ranges::find(all, last, &item::id) == all.end())
          return begin_with_items(asked, {}, r, {});
        begin_with_items(asked,
                         conversations::up_to_item(found.messages, found.info.conversation, last),
                         r, all);
      },
      atom::show_v, query);
}

// -- to change -----------------------------------------------------------------------------------

void update(const request_context& c, const std::string& id, const std::string& body) {
  auto r = conversations::parse_update(body);
  if (!r)
    return c.refuse(r.error());
  find(c, id,
       [metadata = *r->metadata](const request_context& asked, const conversation_finding& found) {
         conversation_edit e;
         e.metadata = metadata;
         edit(asked, found, std::move(e), [found, metadata](const request_context& done) {
           done.respond_json(200, object_of(found, metadata));
         });
       });
}

void add_items(const request_context& c, const std::string& id, const std::string& body) {
  auto r = conversations::parse_addition(body);
  if (!r)
    return c.refuse(r.error());
  find(c, id,
       [added = std::make_shared<std::vector<item>>(std::move(r->items))](
           const request_context& asked, const conversation_finding& found) {
         conversation_edit e;
         e.change = [added, conversation = found.info.conversation](
                        std::vector<chat::message> messages) -> changed_messages {
           const auto before = conversations::items_of(messages, conversation);
           auto problem = identify(*added, before);
           if (!problem)
             problem = refuse_repeated(*added, before);
           if (problem)
             return *std::move(problem);
           return conversations::with_items(std::move(messages), *added);
         };
         edit(asked, found, std::move(e),
              [added](const request_context& done) { list(done, *added, all_items()); });
       });
}

void delete_item(const request_context& c, const conversation_path& path) {
  find(c, path.id,
       [id = path.item](const request_context& asked, const conversation_finding& found) {
         conversation_edit e;
         e.change = [id, conversation = found.info.conversation](
                        const std::vector<chat::message>& messages) -> changed_messages {
           const auto all = conversations::items_of(messages, conversation);
           if (std::ranges::find(all, id, &item::id) == all.end())
             return unknown_item(id);
           return conversations::without_item(messages, conversation, id);
         };
         edit(asked, found, std::move(e), [found](const request_context& done) {
           done.respond_json(200, object_of(found, found.metadata));
         });
       });
}

/// Its responses are closed first, so that they stay when its session goes.
void remove(const request_context& c, const conversation_finding& found) {
  const session_key session{found.info};
  c.ask_store<atom::close>(
      [session, id = std::string{conversation_prefix} +
                     found.info.conversation](const request_context& closed, atom::close) {
        session_view own;
        own.tenant = session.tenant;
        closed.ask<bool>(
            [id](const request_context& asked, bool removed) {
              if (removed)
                asked.respond_json(200, conversations::deleted_json(id));
              else
                refuse_unknown(asked, id);
            },
            atom::remove_v, session.id, own);
      },
      atom::close_v, session);
}

} // namespace

conversation_query conversation_of(const request_context& c, std::string_view id) {
  const auto has_prefix = id.starts_with(conversation_prefix);
  return {c.who.tenant,
          std::string{has_prefix ? id.substr(conversation_prefix.size()) : std::string_view{}}};
}

void create_conversation(const request_context& c) {
  auto r = conversations::parse_creation(c.req().body);
  if (!r)
    return c.refuse(r.error());
  if (r->branch)
    branch(c, *std::move(r));
  else
    begin_with_items(c, {}, *std::move(r), {});
}

void show_conversation(const request_context& c) {
  const auto path = conversation_path_of(c);
  if (path.is_unknown)
    return c.refuse(failure_code::not_found);
  auto query = parse_item_page_query(c.req().query);
  if (path.has_items && path.item.empty() && !query)
    return c.refuse(query.error());
  find_or_new(c, path.id,
              [path, query](const request_context& asked, const conversation_finding& found) {
                if (!path.has_items)
                  return asked.respond_json(200, object_of(found, found.metadata));
                const auto all = items_of(found);
                if (path.item.empty())
                  return list(asked, all, *query);
                const auto i = std::ranges::find(all, path.item, &item::id);
                if (i == all.end())
                  refuse_unknown_item(asked, path.item);
                else
                  asked.respond_json(200, to_json(*i));
              });
}

void change_conversation(const request_context& c) {
  const auto path = conversation_path_of(c);
  if (path.is_unknown || !path.item.empty())
    return c.refuse(failure_code::not_found);
  const auto body = std::exchange(c.x->req().body, {});
  if (path.has_items)
    add_items(c, path.id, body);
  else
    update(c, path.id, body);
}

void delete_conversation(const request_context& c) {
  const auto path = conversation_path_of(c);
  if (path.is_unknown || (path.has_items && path.item.empty()))
    return c.refuse(failure_code::not_found);
  if (path.has_items)
    delete_item(c, path);
  else
    find(c, path.id, remove);
}

} // namespace nekod::http
