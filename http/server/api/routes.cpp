#include "http/server/api/routes.hpp"

#include "actors/runtime/ids.hpp"
#include "actors/runtime/unix_time.hpp"
#include "http/server/api/cluster/shared_limits.hpp"
#include "http/server/api/common_answers.hpp"
#include "http/server/api/cross_origin.hpp"
#include "http/server/api/endpoint_table.hpp"
#include "http/server/api/passing/pass.hpp"
#include "http/server/api/passing/pass_fields.hpp"
#include "http/server/message/nekod_path.hpp"
#include "http/server/message/path.hpp"
#include "protocol/text/words.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <utility>

namespace nekod::http {

namespace {

using chat::failure_code;

/// When clients are told to retry if there is no capacity for their request.
constexpr std::chrono::seconds overload_retry{2};

chat::failure overloaded() {
  chat::failure full{failure_code::overloaded};
  full.retry_after = overload_retry;
  return full;
}

bool exceeds(const std::function<std::size_t()>& count, std::size_t limit) {
  return count && count() > limit;
}

/// Whether the body is encoded, which is not supported.
bool has_coding(const request& r) {
  return std::any_of(r.headers.begin(), r.headers.end(), [](const auto& field) {
    return same_word(field.first, "Content-Encoding") && !field.second.empty() &&
           !same_word(field.second, "identity");
  });
}

void refuse_method(const request_context& c) {
  c.x->notes().error = name_of(failure_code::method_not_allowed);
  auto headers = common_fields(c.request_id);
  headers.emplace_back("Content-Type", "application/json");
  headers.emplace_back("Allow", c.where->allowed);
  headers.emplace_back("X-Should-Retry", "false");
  chat::failure e{failure_code::method_not_allowed};
  c.x->respond(openai::status_of(e.code), std::move(headers), openai::to_json(e, c.language()));
}

} // namespace

routes::routes(caf::actor_system& system, registry_actor registry, store_actor store,
               route_options options)
    : api_{system, std::move(registry), std::move(store), std::move(options), unix_time()} {}

const endpoint* routes::endpoint_of(const request& r, std::string_view path) const {
  const auto* ours = find_endpoint(path, r.method);
  return ours != nullptr || !api_.options.passes ? ours : find_passed_endpoint(r.path, r.method);
}

void routes::handle(const exchange_ptr& x) {
  const auto& r = x->req();
  const auto& gate = *api_.options.gate;
  request_context c{api_, x, make_id("req_"), endpoint_path(r.path), nullptr, gate.identify(r)};
  c.where = endpoint_of(r, c.path);
  auto& notes = x->notes();
  notes.request_id = c.request_id;
  notes.client = c.who.address;
  notes.tenant = c.who.tenant;
  if (c.where != nullptr)
    notes.endpoint = c.where->word;
  if (gate.is_open())
    c.source = gate.source_of(r);
  auto barred = origin_refusal(gate, c.source, c.where, r);
  x->carry(origin_fields(gate, c.source, r, barred.has_value()));
  if (auto problem = capacity_refusal(c))
    c.refuse(*problem);
  else if (auto excess = head_refusal(r, c.where))
    c.refuse(*excess);
  else if (barred)
    c.refuse(*barred);
  else if (c.is("OPTIONS"))
    answer_preflight(c);
  else
    dispatch(c);
}

void routes::handle_relayed(const exchange_ptr& x, std::string tenant) const {
  const auto& r = x->req();
  request_context c{api_, x, make_id("req_"), endpoint_path(r.path), nullptr, {}};
  c.who.tenant = std::move(tenant);
  c.relayed = true;
  c.where = find_endpoint(c.path, r.method);
  x->notes().request_id = c.request_id;
  x->notes().tenant = c.who.tenant;
  if (const auto excess = head_refusal(r, c.where))
    return c.refuse(*excess);
  if (c.where == nullptr || !c.where->relayed || !c.where->takes(r.method))
    return c.refuse(failure_code::not_found);
  if (r.missing == unread::nothing)
    c.where->answer(c);
  else
    c.refuse(overloaded());
}

bool routes::wants_body(const request& r) const {
  const auto* where = endpoint_of(r, endpoint_path(r.path));
  if (api_.draining || head_refusal(r, where) || where == nullptr || !where->takes(r.method))
    return false;
  if (where->work != upstream_work::none && lacks_memory())
    return false;
  if (where->work != upstream_work::passed && has_coding(r))
    return false;
  const auto& gate = *api_.options.gate;
  const auto source = gate.is_open() ? gate.source_of(r) : request_source::program;
  if (origin_refusal(gate, source, where, r))
    return false;
  return where->needs_no_key || gate.knows(gate.identify(r));
}

std::optional<std::uint64_t> routes::streams_body(const request& r) const {
  const auto* where = endpoint_of(r, endpoint_path(r.path));
  if (where == nullptr || where->work != upstream_work::passed || !wants_body(r) ||
      asks_for_upgrade(r))
    return std::nullopt;
  const auto& options = api_.options;
  if (!may_pass(options, pass_target_of(r.path, r.method), options.gate->identify(r), r))
    return std::nullopt;
  return options.max_upload;
}

bool routes::lacks_memory() const {
  return api_.options.max_memory > 0 && api_.options.memory() > api_.options.max_memory;
}

/// The refusal if there is no capacity for a request, or for its connection, which closes after
/// that answer.
std::optional<chat::failure> routes::capacity_refusal(const request_context& c) const {
  const auto& o = api_.options;
  const auto no_room = c.req().missing == unread::room;
  const auto closing = api_.draining || exceeds(o.open_connections, o.max_connections);
  if (closing)
    c.x->close_after();
  const auto away = closing || no_room ||
                    (c.is_work() && (exceeds(o.open_requests, o.max_requests) || lacks_memory()));
  if (!away || (!no_room && c.where != nullptr && c.where->for_monitoring))
    return std::nullopt;
  return overloaded();
}

/// The refusal if a request is malformed, or exceeds a limit.
std::optional<chat::failure> routes::head_refusal(const request& r, const endpoint* where) const {
  auto at_most = [](failure_code code, std::size_t limit) {
    return chat::failure{code, {}, "at most " + std::to_string(limit) + " bytes"};
  };
  if (r.missing == unread::malformed)
    return chat::failure{failure_code::malformed_request};
  if (r.path.size() + r.query.size() + 1 > api_.options.max_url)
    return at_most(failure_code::uri_too_long, api_.options.max_url);
  if (r.missing == unread::head || r.header_size() > api_.options.max_headers)
    return at_most(failure_code::header_too_large, api_.options.max_headers);
  const auto passes = where != nullptr && where->work == upstream_work::passed;
  const auto longest = passes ? api_.options.max_upload : api_.options.max_body;
  if (r.body_size > longest)
    return at_most(failure_code::content_too_large, longest);
  return std::nullopt;
}

void routes::dispatch(const request_context& c) const {
  const auto& gate = *api_.options.gate;
  auto known = gate.knows(c.who);
  if (leads_back(nekods_before(c.req()), api_.options.instance))
    return c.refuse(failure_code::upstream_loop);
  if (c.where != nullptr && c.where->for_monitoring)
    return serve(c, known);
  const auto chat = known && c.is_work() && c.where->counts_as_chat;
  if (auto wait = gate.refusal(c.who, chat))
    return c.refuse(*wait);
  if (!api_.options.limits)
    return serve(c, known);
  auto question = gate.limit_request_of(c.who, 1, chat ? 1 : 0);
  if (!question.charge.takes())
    return serve(c, known);
  ask_all_nodes(c, std::move(question), [this, c, known](const auto& refusal) {
    if (refusal)
      c.refuse(*refusal);
    else
      serve(c, known);
  });
}

/// Answers a request that no limit refuses.
/// @param known Whether the caller's key is valid, or none is needed.
void routes::serve(const request_context& c, bool known) const {
  if (c.where != nullptr && !c.where->needs_no_key && !known)
    return c.refuse(failure_code::invalid_api_key);
  if (c.where == nullptr)
    return c.refuse(failure_code::not_found);
  // Codex asks for WebSocket first, and falls back to HTTP only if the upgrade itself is refused.
  if (asks_for_upgrade(c.req()))
    return c.refuse(failure_code::upgrade_not_supported);
  if (!c.where->takes(c.req().method))
    return refuse_method(c);
  if (c.is("POST") && c.where->work != upstream_work::passed && has_coding(c.req()))
    return c.refuse(
        {failure_code::unsupported_media_type, "Content-Encoding", "only identity is supported"});
  // The body was not read, for a reason that no longer holds, such as a want of memory: a retry may
  // succeed.
  if (c.req().missing == unread::body)
    return c.refuse(overloaded());
  c.where->answer(c);
}

} // namespace nekod::http
