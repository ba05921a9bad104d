#include "http/server/api/responses/stored.hpp"

#include "actors/resumption/kept_answer.hpp"
#include "http/server/api/cluster/elsewhere.hpp"
#include "http/server/api/request_context.hpp"
#include "http/server/api/responses/item_page.hpp"
#include "http/server/api/responses/kept_stream.hpp"
#include "http/server/api/resuming.hpp"
#include "http/server/message/path.hpp"
#include "protocol/openai/responses/item.hpp"
#include "protocol/text/json_spans.hpp"
#include "protocol/text/json_strings.hpp"

#include <caf/send.hpp>

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace nekod::http {

namespace {

using chat::failure_code;

/// A path below `/responses/`: an id, and what is asked of it.
struct response_path {
  std::string id;
  /// Empty for the response itself.
  std::string_view part;
};

/// @returns an empty id if there cannot be such a response.
response_path response_path_of(const request_context& c) {
  const auto raw = c.id();
  const auto slash = raw.find('/');
  response_path result;
  if (slash != std::string_view::npos)
    result.part = raw.substr(slash + 1);
  const auto id = decode_percent(raw.substr(0, slash));
  if (id && openai::responses::can_keep_id(*id))
    result.id = *id;
  return result;
}

response_key key_of(const request_context& c, std::string id) {
  return {c.who.tenant, std::move(id)};
}

void refuse_unknown_response(const request_context& c) {
  c.refuse(failure_code::response_not_found);
}

void refuse_to_cancel(const request_context& c) {
  c.refuse({failure_code::invalid_value, "background",
            "only a response in the background can be cancelled"});
}

/// The object of a response that is not kept here. A response that runs is kept: one whose end
/// could not be stored has failed.
const std::string& object_for_client(const request_context& c, const response_record& r) {
  const auto lost_its_end = r.state == response_state::running && !r.if_interrupted.empty() &&
                            !c.api.options.resumption->shared;
  return lost_its_end ? r.if_interrupted : r.object;
}

/// Whether `GET /responses/{id}` asks for the events.
result<bool, chat::failure> wants_events(const request_context& c) {
  const auto fields = query_fields(c.req().query);
  if (!fields)
    return chat::failure{failure_code::invalid_value, "query", "has an invalid percent-encoding"};
  for (const auto& [name, value] : *fields) {
    if (name != "stream")
      continue;
    if (value == "true" || value == "1")
      return !c.is("HEAD");
    if (value != "false" && value != "0" && !value.empty())
      return chat::failure{failure_code::invalid_value, name, "must be true or false"};
    break;
  }
  return false;
}

void show_found(const request_context& c, const response_finding& found) {
  if (found.record)
    c.respond_json(200, object_for_client(c, *found.record));
  else
    refuse_unknown_response(c);
}

relayed_request within(std::chrono::milliseconds first_byte) {
  relayed_request result;
  result.first_byte = first_byte;
  return result;
}

void show_stored(const request_context& c, const std::string& id) {
  c.ask_store<response_finding>(
      [id](const request_context& asked, const response_finding& found) {
        if (found.record && found.record->state != response_state::running)
          return show_found(asked, found);
        // Another node may know more.
        const auto show = [found](const request_context& own) { show_found(own, found); };
        answer_elsewhere(asked, id, within(object_time), show, show);
      },
      atom::show_v, key_of(c, id));
}

void show_object(const request_context& c, std::string id) {
  const auto streams = wants_events(c);
  if (!streams)
    return c.refuse(streams.error());
  if (*streams)
    return stream_response(c, id);
  const auto kept = find_kept(c, id);
  if (!kept || !kept->background)
    return show_stored(c, id);
  c.x->carry_also(kept_fields(*kept));
  ask_for_object(c, kept->who, atom::show_v,
                 [id = std::move(id)](const request_context& gone) { show_stored(gone, id); });
}

/// Answers with a response that cannot be cancelled any more.
void show_ended(const request_context& c, std::string id) {
  c.ask_store<response_finding>(
      [](const request_context& asked, const response_finding& found) {
        if (!found.record)
          return refuse_unknown_response(asked);
        if (json::find_span(found.record->object, "background") == "true")
          return asked.respond_json(200, object_for_client(asked, *found.record));
        refuse_to_cancel(asked);
      },
      atom::show_v, key_of(c, std::move(id)));
}

/// Answers with the items of *chain* but for the newest response's output.
void list_input(const request_context& c, const response_chain& chain,
                const item_page_query& query) {
  if (!chain.found)
    return refuse_unknown_response(c);
  const std::span all{chain.items};
  auto page = item_page(all.first(all.size() - chain.output), query);
  if (page)
    c.respond_json(200, *std::move(page));
  else
    c.refuse(page.error());
}

void show_input(const request_context& c, std::string id) {
  auto query = parse_item_page_query(c.req().query);
  if (!query)
    return c.refuse(query.error());
  c.ask_store<response_chain>(
      [query = *std::move(query)](const request_context& asked, const response_chain& chain) {
        list_input(asked, chain, query);
      },
      atom::show_v, chain_query{key_of(c, std::move(id))});
}

/// @param was_kept Whether it was there, too, without being stored.
void remove_stored(const request_context& c, const std::string& id, bool was_kept) {
  c.ask_store<bool>(
      [id, was_kept](const request_context& asked, bool found) {
        if (!found && !was_kept)
          return refuse_unknown_response(asked);
        std::string out = R"({"id":)";
        json::append_quoted(out, id);
        asked.respond_json(200, out + R"(,"object":"response","deleted":true})");
      },
      atom::remove_v, key_of(c, id));
}

} // namespace

void show_response(const request_context& c) {
  auto path = response_path_of(c);
  if (path.id.empty())
    return refuse_unknown_response(c);
  if (path.part.empty())
    return show_object(c, std::move(path.id));
  if (path.part == "input_items")
    return show_input(c, std::move(path.id));
  c.refuse(failure_code::not_found);
}

void delete_response(const request_context& c) {
  const auto path = response_path_of(c);
  if (!path.part.empty())
    return c.refuse(failure_code::not_found);
  if (path.id.empty())
    return refuse_unknown_response(c);
  const auto kept = find_kept(c, path.id);
  if (!kept)
    return answer_elsewhere(
        c, path.id, within(change_time),
        [id = path.id](const request_context& own) { remove_stored(own, id, false); });
  kept->recorder->forget(); // Before the store hears of it.
  caf::anon_send(kept->who, atom::discard_v);
  remove_stored(c, path.id, true);
}

void change_response(const request_context& c) {
  auto path = response_path_of(c);
  if (path.part.empty()) {
    c.x->carry_also({{"Allow", "GET, HEAD, DELETE, OPTIONS"}});
    return c.refuse(failure_code::method_not_allowed);
  }
  if (path.part != "cancel")
    return c.refuse(failure_code::not_found);
  if (path.id.empty())
    return refuse_unknown_response(c);
  const auto kept = find_kept(c, path.id);
  if (!kept)
    return answer_elsewhere(c, path.id, within(change_time),
                            [id = path.id](const request_context& own) { show_ended(own, id); });
  if (!kept->background)
    return refuse_to_cancel(c);
  c.x->carry_also(kept_fields(*kept));
  ask_for_object(c, kept->who, atom::cancel_v,
                 [id = std::move(path.id)](const request_context& gone) { show_ended(gone, id); });
}

} // namespace nekod::http
