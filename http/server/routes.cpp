#include "http/server/routes.hpp"

#include "actors/ids.hpp"
#include "http/server/api_keys.hpp"
#include "http/server/openapi.hpp"
#include "http/server/path.hpp"
#include "http/server/route_call.hpp"
#include "protocol/openai/models.hpp"
#include "protocol/openai/sessions.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace nekod::http {

namespace {

using openai::error;
using openai::error_code;

/// What a client is told to wait when there is no room for its request.
constexpr std::chrono::seconds overload_retry{2};

std::int64_t seconds_since_epoch() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

error no_room_for_it() {
  error full{error_code::overloaded};
  full.retry_after = overload_retry;
  return full;
}

std::shared_ptr<openai::chat_request> share(openai::chat_request r) {
  return std::make_shared<openai::chat_request>(std::move(r));
}

openai::retries retries_of(const request& r, const caller& who) {
  auto result = openai::parse_retries(
      std::string{r.header("Idempotency-Key")}, r.header("X-Stainless-Retry-Count"),
      r.header("X-Stainless-Timeout"), r.header("X-Stainless-Read-Timeout"));
  result.sender = who.address;
  result.sender.append("\n").append(presented_key(r));
  return result;
}

} // namespace

/// The endpoint of a path; of several that for *method*, if there is one. A path that ends in a
/// slash has an id behind it.
const routes::endpoint* routes::find(std::string_view path, std::string_view method) {
  constexpr const char* get = "GET, HEAD, OPTIONS";
  constexpr const char* post = "POST, OPTIONS";
  constexpr const char* get_or_delete = "GET, HEAD, DELETE, OPTIONS";
  constexpr bool open = true;
  constexpr bool watched = true;
  static const endpoint endpoints[] = {
      {"/chat/completions", "POST", post, "chat_completions", &routes::chat},
      {"/models", "GET", get, "models", &routes::models},
      {"/models/", "GET", get, "model", &routes::model},
      {"/sessions", "GET", get_or_delete, "sessions", &routes::sessions},
      {"/sessions", "DELETE", get_or_delete, "sessions", &routes::clear_sessions},
      {"/sessions/", "GET", get_or_delete, "session", &routes::session},
      {"/sessions/", "DELETE", get_or_delete, "session", &routes::delete_session},
      {"/health", "GET", get, "health", &routes::health, open, watched},
      {"/health/live", "GET", get, "health_live", &routes::alive, open, watched},
      {"/health/ready", "GET", get, "health_ready", &routes::ready, open, watched},
      {"/metrics", "GET", get, "metrics", &routes::metrics_page, open, watched},
      {"/openapi.json", "GET", get, "openapi", &routes::openapi, open},
      {"/", "GET", get, "front_page", &routes::front_page, open},
  };
  const endpoint* found = nullptr;
  for (const auto& e : endpoints)
    if (e.is_at(path) && (found == nullptr || e.takes(method)))
      found = &e;
  return found;
}

routes::routes(caf::actor_system& system, registry_actor registry, route_options options)
    : system_(system),
      registry_(std::move(registry)),
      options_(std::move(options)),
      started_(seconds_since_epoch()) {}

void routes::handle(const exchange_ptr& x) {
  call c{x, make_id("req_"), endpoint_path(x->req().path), nullptr, {}};
  c.where = find(c.path, x->req().method);
  c.who = options_.gate->identify(x->req());
  auto& notes = x->notes();
  notes.request_id = c.request_id;
  notes.client = c.who.address;
  notes.tenant = c.who.tenant;
  if (c.where != nullptr)
    notes.endpoint = c.where->word;
  if (auto problem = turned_away(c))
    refuse(c, *problem);
  else if (auto excess = too_much(c.x->req()))
    refuse(c, *excess);
  else if (c.is("OPTIONS"))
    preflight(c);
  else
    dispatch(c);
}

bool routes::wants_body(const request& r) const {
  call c{nullptr, {}, endpoint_path(r.path), nullptr, options_.gate->identify(r)};
  c.where = find(c.path, r.method);
  if (draining_ || too_much(r) || c.where == nullptr || !c.where->takes(r.method))
    return false;
  if (c.where->answer == &routes::chat && lacks_memory())
    return false;
  return c.where->open || options_.gate->knows(c.who);
}

bool routes::lacks_memory() const {
  return options_.max_memory > 0 && options_.memory() > options_.max_memory;
}

/// The refusal where there is no room for a request, or for its connection: that is closed behind
/// the answer then.
std::optional<error> routes::turned_away(call& c) const {
  auto past = [](const std::function<std::size_t()>& count, std::size_t limit) {
    return count && count() > limit;
  };
  auto no_room = c.x->req().missing == unread::room;
  auto closing = draining_ || past(options_.open_connections, options_.max_connections);
  if (closing)
    c.x->close_after();
  auto away =
      closing || no_room ||
      (c.is_chat() && (past(options_.open_requests, options_.max_requests) || lacks_memory()));
  if (!away || (!no_room && c.where != nullptr && c.where->watched))
    return std::nullopt;
  return no_room_for_it();
}

/// The refusal where a request is larger than what is taken, or is none.
std::optional<error> routes::too_much(const request& r) const {
  auto at_most = [](error_code code, std::size_t limit) {
    return error{code, {}, "at most " + std::to_string(limit) + " bytes"};
  };
  if (r.missing == unread::malformed)
    return error{error_code::malformed_request};
  if (r.path.size() + r.query.size() + 1 > options_.max_url)
    return at_most(error_code::uri_too_long, options_.max_url);
  if (r.missing == unread::head || r.header_size() > options_.max_headers)
    return at_most(error_code::header_too_large, options_.max_headers);
  if (r.body_size > options_.max_body)
    return at_most(error_code::content_too_large, options_.max_body);
  return std::nullopt;
}

void routes::dispatch(call& c) {
  auto known = options_.gate->knows(c.who);
  if (c.where == nullptr || !c.where->watched)
    if (auto wait = options_.gate->refusal(c.who, known && c.is_chat()))
      return refuse(c, *wait);
  if (c.where != nullptr && !c.where->open && !known)
    return refuse(c, error_code::invalid_api_key);
  if (c.where == nullptr)
    return refuse(c, error_code::not_found);
  if (!c.where->takes(c.x->req().method))
    return refuse_method(c);
  // What spoke against its body is gone meanwhile.
  if (c.x->req().missing == unread::body)
    return refuse(c, no_room_for_it());
  (this->*c.where->answer)(c);
}

// -- endpoints -----------------------------------------------------------------------------------

void routes::chat(const call& c) {
  auto& request = c.x->req();
  if (auto coding = request.header("Content-Encoding"); !coding.empty() && coding != "identity")
    return refuse(c, {error_code::invalid_value, "Content-Encoding", "only identity is taken"});
  auto parsed = openai::parse_chat_request(std::exchange(request.body, {}), options_.max_messages);
  if (!parsed)
    return refuse(c, parsed.error());
  if (auto problem = read_session_fields(request, *parsed))
    return refuse(c, *problem);
  parsed->retries = retries_of(request, c.who);
  if (parsed->retries.key.size() > openai::max_idempotency_key)
    return refuse(c, {error_code::invalid_value, "Idempotency-Key", "at most 255 bytes"});
  std::shared_ptr<const openai::chat_request> shared = share(std::move(*parsed));
  auto handle = system_.spawn(reply, c.x, shared, c.request_id, options_.reply);
  open_turn t;
  t.request = std::move(shared);
  t.tenant = c.who.tenant;
  if (t.request->choices > 1)
    t.count_further = [gate = options_.gate, who = c.who](std::uint32_t turns) {
      return gate->further_refusal(who, turns);
    };
  caf::anon_send(registry_, atom::open_v, std::move(t), std::move(handle));
}

/// Takes what the header says of the session. The body's name goes before the header's.
std::optional<error> routes::read_session_fields(const request& from,
                                                 openai::chat_request& to) const {
  auto name = [&](const char* field) -> std::optional<error> {
    auto value = from.header(field);
    if (value.empty() || !to.session_id.empty())
      return std::nullopt;
    if (!openai::valid_session_id(value))
      return error{error_code::invalid_session_id, field, std::string{openai::session_id_form}};
    to.session_id = value;
    return std::nullopt;
  };
  if (auto problem = name("X-Nekod-Session"))
    return problem;
  if (options_.header_names_sessions)
    return name("X-Session-Id");
  to.session_header = from.header("X-Session-Id");
  return std::nullopt;
}

void routes::models(const call& c) {
  auto answer = [created = started_](exchange& x, const std::string& request_id,
                                     const model_list& list) {
    respond_json(x, request_id, 200,
                 openai::model_list_json(list.models, created, list.upstream_names));
  };
  if (query_says(c.x->req().query, "refresh"))
    ask<model_list>(c, answer, atom::models_v, atom::refresh_v);
  else
    ask<model_list>(c, answer, atom::models_v);
}

void routes::model(const call& c) {
  auto id = decode_percent(c.id());
  auto lang = options_.reply->language;
  ask<model_list>(
      c,
      [id, lang, created = started_](exchange& x, const std::string& request_id,
                                     const model_list& list) {
        auto found = std::find_if(list.models.begin(), list.models.end(),
                                  [&](const auto& m) { return id && m.id == *id; });
        if (found == list.models.end())
          respond_error(x, {error_code::model_not_found, "model"}, lang, request_id);
        else
          respond_json(x, request_id, 200, openai::model_json(*found, created));
      },
      atom::models_v);
}

void routes::health(const call& c) {
  respond_json(*c.x, c.request_id, 200,
               openai::health_json(std::chrono::system_clock::now(), options_.version));
}

void routes::alive(const call& c) { respond_json(*c.x, c.request_id, 200, openai::alive_json()); }

void routes::ready(const call& c) {
  if (leaving_)
    return respond_json(*c.x, c.request_id, 503, openai::readiness_json({"draining"}));
  ask<readiness>(
      c,
      [](exchange& x, const std::string& request_id, const readiness& r) {
        respond_json(x, request_id, r.reasons.empty() ? 200 : 503,
                     openai::readiness_json(r.reasons, r.upstreams));
      },
      atom::ready_v);
}

void routes::metrics_page(const call& c) {
  if (!options_.gate->may_watch(c.who))
    return refuse(c, error_code::invalid_api_key);
  auto headers = common_fields(c.request_id);
  headers.emplace_back("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  c.x->respond(200, std::move(headers), options_.metrics_text());
}

void routes::openapi(const call& c) {
  respond_json(*c.x, c.request_id, 200, std::string{openapi_document()});
}

void routes::front_page(const call& c) {
  respond_json(*c.x, c.request_id, 200, openai::front_page_json(options_.version));
}

/// Browsers ask before they send; what they ask for is allowed, since a key is no cookie.
void routes::preflight(const call& c) const {
  const auto& request = c.x->req();
  auto headers = common_fields(c.request_id);
  headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS");
  if (auto wanted = request.header("Access-Control-Request-Headers"); !wanted.empty())
    headers.emplace_back("Access-Control-Allow-Headers", wanted);
  if (request.header("Access-Control-Request-Private-Network") == "true")
    headers.emplace_back("Access-Control-Allow-Private-Network", "true");
  headers.emplace_back("Access-Control-Max-Age", "86400");
  headers.emplace_back("Vary", "Origin, Access-Control-Request-Method, "
                               "Access-Control-Request-Headers");
  c.x->respond(204, std::move(headers), {});
}

// -- helpers -------------------------------------------------------------------------------------

void routes::refuse(const call& c, const error& e) const {
  respond_error(*c.x, e, options_.reply->language, c.request_id);
}

void routes::refuse_method(const call& c) const {
  c.x->notes().error = openai::name_of(error_code::method_not_allowed);
  auto headers = common_fields(c.request_id);
  headers.emplace_back("Content-Type", "application/json");
  headers.emplace_back("Allow", c.where->allowed);
  headers.emplace_back("X-Should-Retry", "false");
  error e{error_code::method_not_allowed};
  c.x->respond(openai::status_of(e.code), std::move(headers),
               openai::to_json(e, options_.reply->language));
}

} // namespace nekod::http
