#include "http/server/api/service/keys.hpp"

#include "http/server/api/request_context.hpp"
#include "http/server/api/service/key_request.hpp"
#include "http/server/api/service/limit_list.hpp"
#include "http/server/gate/key_keeper.hpp"
#include "http/server/message/path.hpp"
#include "protocol/text/json_strings.hpp"

#include <caf/all.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace nekod::http {

namespace {

/// The admin who asks; refuses anybody else.
std::optional<key_admin> admin_of(const request_context& c) {
  const auto& gate = *c.api.options.gate;
  auto own = gate.key_of(c.req());
  if (!own || !c.who.admin) {
    c.refuse(chat::failure_code::admin_key_required);
    return std::nullopt;
  }
  return key_admin{c.who.tenant, *own, query_says(c.req().query, "confirm")};
}

void append_limit(std::string& out, std::string_view name, const std::optional<rate_limit>& limit) {
  out.append(",\"").append(name).append("\":");
  if (limit)
    json::append_quoted(out, to_text(*limit));
  else
    out += "null";
}

void append_time(std::string& out, std::string_view name, std::optional<std::int64_t> seconds) {
  out.append(",\"").append(name).append("\":");
  out += seconds ? std::to_string(*seconds) : "null";
}

/// An object without its closing brace.
std::string begin_key(const api_keys::entry& e) {
  std::string out = R"({"object":"key","id":")" + key_id(e.hash) + R"(","tenant":)";
  json::append_quoted(out, e.key.tenant);
  out += R"(,"admin":)";
  out += e.key.admin ? "true" : "false";
  append_limit(out, "rate_limit", e.key.requests);
  append_limit(out, "chat_rate_limit", e.key.chats);
  append_time(out, "created_at", e.key.created);
  return out;
}

std::string key_in_list(const admission& gate, const key_in_use& k, const key_hash& own) {
  caller holder;
  holder.tenant = k.entry.key.tenant;
  holder.requests = k.entry.key.requests;
  holder.chats = k.entry.key.chats;
  auto out = begin_key(k.entry);
  append_time(out, "last_used_at", k.last_used > 0 ? std::optional{k.last_used} : std::nullopt);
  out += R"(,"current":)";
  out += k.entry.hash == own ? "true" : "false";
  out += R"(,"limits":)";
  append_limits(out, gate.standing_of(holder));
  return out + '}';
}

std::string list_json(const request_context& c, const key_hash& own) {
  const auto& gate = *c.api.options.gate;
  std::string out = R"({"object":"list","writable":)";
  out += c.api.options.keys->writable() ? "true" : "false";
  out += R"(,"data":[)";
  std::string_view separator;
  for (const auto& k : gate.keys()) {
    out.append(separator).append(key_in_list(gate, k, own));
    separator = ",";
  }
  return out + "]}";
}

/// Runs *work*, which waits for a disk, on a thread of its own.
template <class Work>
void on_a_thread(const request_context& c, Work work) {
  c.api.system.spawn<caf::detached>(
      [](caf::event_based_actor*, const request_context& asked, const Work& w) { w(asked); }, c,
      std::move(work));
}

void do_create(const request_context& c, const api_key& holder, const key_admin& by) {
  auto made = c.api.options.keys->create(holder, by);
  if (!made)
    return c.refuse(made.error());
  auto out = begin_key(made->entry);
  c.respond_json(200, out + R"(,"key":")" + made->secret + R"("})");
}

void do_change(const request_context& c, const key_change& change, const key_admin& by) {
  auto changed = c.api.options.keys->change(c.id(), change, by);
  if (!changed)
    return c.refuse(changed.error());
  c.respond_json(200, begin_key(*changed) + '}');
}

void do_revoke(const request_context& c, const key_admin& by) {
  auto revoked = c.api.options.keys->revoke(c.id(), by);
  if (!revoked)
    return c.refuse(revoked.error());
  // An id that was found is one of ours, so it needs no escapes.
  c.respond_json(200, R"({"object":"key.deleted","id":")" + std::string{c.id()} +
                          R"(","deleted":true})");
}

/// Calls *work*, on a thread of its own, with the body of an admin's request, as *parse* reads it.
template <class Parse, class Work>
void change_by_body(const request_context& c, Parse parse, Work work) {
  auto by = admin_of(c);
  if (!by)
    return;
  auto parsed = parse(c.req().body);
  if (!parsed)
    return c.refuse(parsed.error());
  on_a_thread(c, [work, p = *std::move(parsed), by = *std::move(by)](const request_context& asked) {
    work(asked, p, by);
  });
}

} // namespace

void list_keys(const request_context& c) {
  if (auto by = admin_of(c))
    c.respond_json(200, list_json(c, by->own));
}

void create_key(const request_context& c) { change_by_body(c, parse_new_key, do_create); }

void change_key(const request_context& c) { change_by_body(c, parse_key_change, do_change); }

void revoke_key(const request_context& c) {
  if (auto by = admin_of(c))
    on_a_thread(c, [by = *std::move(by)](const request_context& asked) { do_revoke(asked, by); });
}

} // namespace nekod::http
