// The endpoints about sessions: to look at them, and to delete them.

#include "http/server/api/route_call.hpp"
#include "http/server/api/session_query.hpp"
#include "http/server/message/path.hpp"
#include "protocol/openai/chat/request.hpp"
#include "protocol/sessions/sessions.hpp"

#include <optional>
#include <string>
#include <utility>

namespace nekod::http {

namespace {

/// A deletion of many takes its time, and goes on whether somebody waits for it or not.
constexpr std::chrono::minutes clear_patience{30};

session_view view_of(const caller& who) {
  session_view result;
  result.tenant = who.tenant;
  result.all = who.admin;
  return result;
}

/// The id in an address, if it can be one of a session.
std::optional<std::string> session_id_of(std::string_view raw) {
  auto id = decode_percent(raw);
  return id && openai::valid_session_id(*id) ? id : std::nullopt;
}

} // namespace

void routes::sessions(const call& c) {
  auto query = parse_session_query(c.x->req().query);
  if (!query)
    return refuse(c, query.error());
  query->view = view_of(c.who);
  ask<openai::session_page>(
      c,
      [](exchange& x, const std::string& request_id, const openai::session_page& page) {
        respond_json(x, request_id, 200, openai::session_list_json(page));
      },
      atom::list_v, std::move(*query));
}

void routes::session(const call& c) {
  auto lang = options_.reply->language;
  auto id = session_id_of(c.id());
  if (!id)
    return respond_json(*c.x, c.request_id, 404, openai::session_missing_json(lang));
  ask<session_finding>(
      c,
      [lang](exchange& x, const std::string& request_id, const session_finding& s) {
        respond_json(x, request_id, s.found ? 200 : 404,
                     s.found ? openai::session_json(s.info) : openai::session_missing_json(lang));
      },
      atom::show_v, std::move(*id), view_of(c.who));
}

void routes::delete_session(const call& c) {
  auto lang = options_.reply->language;
  auto id = session_id_of(c.id());
  if (!id)
    return respond_json(*c.x, c.request_id, 404, openai::session_missing_json(lang));
  ask<bool>(
      c,
      [lang](exchange& x, const std::string& request_id, bool found) {
        respond_json(x, request_id, found ? 200 : 404,
                     found ? openai::session_deleted_json(lang)
                           : openai::session_missing_json(lang));
      },
      atom::remove_v, std::move(*id), view_of(c.who));
}

void routes::clear_sessions(const call& c) {
  auto filter = parse_session_filter(c.x->req().query, recorded_now());
  if (!filter)
    return refuse(c, filter.error());
  filter->view = view_of(c.who);
  ask_for<std::uint64_t>(
      clear_patience, c,
      [lang = options_.reply->language](exchange& x, const std::string& request_id,
                                        std::uint64_t count) {
        respond_json(x, request_id, 200, openai::sessions_deleted_json(count, lang));
      },
      atom::clear_v, std::move(*filter));
}

} // namespace nekod::http
