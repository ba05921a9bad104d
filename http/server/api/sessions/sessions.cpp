#include "http/server/api/sessions/sessions.hpp"

#include "actors/resumption/kept_answer.hpp"
#include "actors/resumption/kept_answers.hpp"
#include "actors/store/store_timeout.hpp"
#include "http/server/api/answer/response_form.hpp"
#include "http/server/api/request_context.hpp"
#include "http/server/api/sessions/session_query.hpp"
#include "http/server/api/sessions/session_search.hpp"
#include "http/server/message/path.hpp"
#include "protocol/chat/request.hpp"
#include "protocol/sessions/sessions.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace nekod::http {

namespace {

session_view view_of(const caller& who) {
  session_view result;
  result.tenant = who.tenant;
  result.all = who.admin;
  return result;
}

/// The id in a URL, if it is a possible session id.
std::optional<std::string> session_id_of(std::string_view raw) {
  auto id = decode_percent(raw);
  return id && chat::valid_session_id(*id) ? id : std::nullopt;
}

/// Names the response that runs in *s*, if the caller could follow it.
void add_running_response(const request_context& c, session_info& s) {
  if (s.tenant != c.who.tenant)
    return;
  if (const auto id = c.api.options.resumption->all->running_in(session_key{s}))
    s.running_response = std::string{response_prefix} + *id;
}

void add_running_responses(const request_context& c, session_page& page) {
  for (auto& s : page.sessions)
    add_running_response(c, s);
}

void refuse_unknown(const request_context& c) {
  c.respond_json(404, session_missing_json(c.language()));
}

} // namespace

void answer_sessions(const request_context& c) {
  auto wanted = parse_session_list(c.req().query);
  if (!wanted)
    return c.refuse(wanted.error());
  auto& [page, words] = *wanted;
  if (words)
    return search_sessions(c, std::move(page), *std::move(words),
                           [](const request_context& asked, session_page page, std::size_t seen) {
                             add_running_responses(asked, page);
                             asked.respond_json(200, session_search_json(page, seen));
                           });
  page.view = view_of(c.who);
  c.ask<session_page>(
      [](const request_context& asked, session_page page) {
        add_running_responses(asked, page);
        asked.respond_json(200, session_list_json(page));
      },
      atom::list_v, std::move(page));
}

void answer_session(const request_context& c) {
  auto id = session_id_of(c.id());
  if (!id)
    return refuse_unknown(c);
  c.ask<session_finding>(
      [](const request_context& asked, session_finding s) {
        if (!s.found)
          return refuse_unknown(asked);
        add_running_response(asked, s.info);
        asked.respond_json(200, session_json(s.info));
      },
      atom::show_v, std::move(*id), view_of(c.who));
}

void delete_session(const request_context& c) {
  auto id = session_id_of(c.id());
  if (!id)
    return refuse_unknown(c);
  c.ask<bool>(
      [](const request_context& asked, bool found) {
        if (found)
          asked.respond_json(200, session_deleted_json(asked.language()));
        else
          refuse_unknown(asked);
      },
      atom::remove_v, std::move(*id), view_of(c.who));
}

void clear_sessions(const request_context& c) {
  auto filter = parse_session_filter(c.req().query, recorded_now());
  if (!filter)
    return c.refuse(filter.error());
  filter->view = view_of(c.who);
  c.ask_for<std::uint64_t>(
      clear_timeout + actor_timeout,
      [](const request_context& asked, std::uint64_t count) {
        asked.respond_json(200, sessions_deleted_json(count, asked.language()));
      },
      atom::clear_v, std::move(*filter));
}

} // namespace nekod::http
