#include "http/server/api/routes.hpp"

#include "actors/runtime/ids.hpp"
#include "http/server/api/chat_writer.hpp"
#include "http/server/api/openapi.hpp"
#include "http/server/api/route_call.hpp"
#include "http/server/gate/api_keys.hpp"
#include "http/server/message/nekod_path.hpp"
#include "http/server/message/path.hpp"
#include "protocol/openai/models.hpp"
#include "protocol/sessions/sessions.hpp"
#include "protocol/text/words.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <chrono>
#include <iterator>
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

/// Fields by which clients name a session.
constexpr std::string_view session_fields[] = {"X-Session-Id", "X-Nekod-Session"};

bool has_session_field(const request& r) {
  return std::any_of(std::begin(session_fields), std::end(session_fields),
                     [&](auto name) { return !r.header(name).empty(); });
}

/// Whether one of them is in *names*, which has commas between.
bool lists_session_field(std::string_view names) {
  while (!names.empty()) {
    auto comma = std::min(names.find(','), names.size());
    auto name = trim(names.substr(0, comma));
    if (std::any_of(std::begin(session_fields), std::end(session_fields),
                    [&](auto field) { return same_word(field, name); }))
      return true;
    names.remove_prefix(std::min(comma + 1, names.size()));
  }
  return false;
}

bool is_json(const request& r) {
  auto type = r.header("Content-Type");
  return same_word(trim(type.substr(0, type.find(';'))), "application/json");
}

/// Whether the body is encoded: bodies are taken as they are.
bool has_coding(const request& r) {
  return std::any_of(r.headers.begin(), r.headers.end(), [](const auto& field) {
    return same_word(field.first, "Content-Encoding") && !field.second.empty() &&
           !same_word(field.second, "identity");
  });
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
  constexpr bool shared = true;
  constexpr bool any_host = true;
  static const endpoint endpoints[] = {
      {"/chat/completions", "POST", post, "chat_completions", &routes::chat, !open, !watched,
       shared},
      {"/models", "GET", get, "models", &routes::models, !open, !watched, shared},
      {"/models/", "GET", get, "model", &routes::model, !open, !watched, shared},
      {"/sessions", "GET", get_or_delete, "sessions", &routes::sessions},
      {"/sessions", "DELETE", get_or_delete, "sessions", &routes::clear_sessions},
      {"/sessions/", "GET", get_or_delete, "session", &routes::session},
      {"/sessions/", "DELETE", get_or_delete, "session", &routes::delete_session},
      {"/health", "GET", get, "health", &routes::health, open, watched, shared, any_host},
      {"/health/live", "GET", get, "health_live", &routes::alive, open, watched, shared, any_host},
      {"/health/ready", "GET", get, "health_ready", &routes::ready, open, watched, shared,
       any_host},
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

const routes::endpoint* routes::endpoint_of(const request& r, std::string_view path) const {
  const auto* ours = find(path, r.method);
  return ours != nullptr || !options_.passes ? ours : passed_endpoint(r.path, r.method);
}

routes::routes(caf::actor_system& system, registry_actor registry, route_options options)
    : system_(system),
      registry_(std::move(registry)),
      options_(std::move(options)),
      started_(seconds_since_epoch()) {}

void routes::handle(const exchange_ptr& x) {
  call c{x, make_id("req_"), endpoint_path(x->req().path), nullptr, {}, request_source::program};
  c.where = endpoint_of(x->req(), c.path);
  c.who = options_.gate->identify(x->req());
  auto& notes = x->notes();
  notes.request_id = c.request_id;
  notes.client = c.who.address;
  notes.tenant = c.who.tenant;
  if (c.where != nullptr)
    notes.endpoint = c.where->word;
  if (options_.gate->is_open())
    c.source = options_.gate->source_of(x->req());
  auto bar = barred(c, x->req());
  x->carry(cors_fields_for(c, bar.has_value()));
  if (auto problem = turned_away(c))
    refuse(c, *problem);
  else if (auto excess = too_much(c.x->req(), c.where))
    refuse(c, *excess);
  else if (bar)
    refuse(c, *bar);
  else if (c.is("OPTIONS"))
    preflight(c);
  else
    dispatch(c);
}

bool routes::wants_body(const request& r) const {
  call c{nullptr,
         {},
         endpoint_path(r.path),
         nullptr,
         options_.gate->identify(r),
         request_source::program};
  c.where = endpoint_of(r, c.path);
  if (draining_ || too_much(r, c.where) || c.where == nullptr || !c.where->takes(r.method))
    return false;
  const auto passes = c.where->answer == &routes::pass;
  if ((c.where->answer == &routes::chat || passes) && lacks_memory())
    return false;
  if (!passes && has_coding(r))
    return false;
  if (options_.gate->is_open())
    c.source = options_.gate->source_of(r);
  if (barred(c, r))
    return false;
  return c.where->open || options_.gate->knows(c.who);
}

/// The refusal where a nekod without keys does not answer what *r* was sent by, or to.
std::optional<error> routes::barred(const call& c, const request& r) const {
  if (c.where != nullptr) {
    if (c.source == request_source::unknown_host && c.where->any_host)
      return std::nullopt;
    if (c.source == request_source::foreign_page && is_shared(*c.where, r))
      return std::nullopt;
  }
  return refusal_of(c.source, r, options_.gate->names_origins());
}

/// Whether a page of another origin may send *r* to *where*, or ask whether it may.
bool routes::is_shared(const endpoint& where, const request& r) const {
  if (!where.shared || options_.gate->names_origins())
    return false;
  auto asks = r.method == "OPTIONS";
  auto method = asks ? r.header("Access-Control-Request-Method") : std::string_view{r.method};
  if (!where.takes(method))
    return false;
  if (method != "POST")
    return true;
  return asks ? !lists_session_field(r.header("Access-Control-Request-Headers"))
              : is_json(r) && !has_session_field(r);
}

/// Fields that tell browsers which pages may read the answer. A key is no cookie, so where keys are
/// wanted all may; else it depends on the page, which caches have to know.
fields routes::cors_fields_for(const call& c, bool is_barred) const {
  if (!options_.gate->is_open())
    return cors_fields("*");
  fields result;
  if (!is_barred && c.source == request_source::known_page)
    result = cors_fields(c.x->req().header("Origin"));
  else if (!is_barred && !options_.gate->names_origins())
    result = cors_fields("*");
  result.emplace_back("Vary", "Origin");
  return result;
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
      (c.is_work() && (past(options_.open_requests, options_.max_requests) || lacks_memory()));
  if (!away || (!no_room && c.where != nullptr && c.where->watched))
    return std::nullopt;
  return no_room_for_it();
}

/// The refusal where a request is larger than what is taken, or is none.
std::optional<error> routes::too_much(const request& r, const endpoint* where) const {
  auto at_most = [](error_code code, std::size_t limit) {
    return error{code, {}, "at most " + std::to_string(limit) + " bytes"};
  };
  if (r.missing == unread::malformed)
    return error{error_code::malformed_request};
  if (r.path.size() + r.query.size() + 1 > options_.max_url)
    return at_most(error_code::uri_too_long, options_.max_url);
  if (r.missing == unread::head || r.header_size() > options_.max_headers)
    return at_most(error_code::header_too_large, options_.max_headers);
  const auto passes = where != nullptr && where->answer == &routes::pass;
  const auto longest = passes ? options_.max_upload : options_.max_body;
  if (r.body_size > longest)
    return at_most(error_code::content_too_large, longest);
  return std::nullopt;
}

void routes::dispatch(call& c) {
  auto known = options_.gate->knows(c.who);
  if (leads_back(nekods_before(c.x->req()), options_.instance))
    return refuse(c, error_code::upstream_loop);
  if (c.where == nullptr || !c.where->watched)
    if (auto wait = options_.gate->refusal(c.who, known && c.counts_as_chat()))
      return refuse(c, *wait);
  if (c.where != nullptr && !c.where->open && !known)
    return refuse(c, error_code::invalid_api_key);
  if (c.where == nullptr)
    return refuse(c, error_code::not_found);
  if (!c.where->takes(c.x->req().method))
    return refuse_method(c);
  if (c.is("POST") && !c.passes() && has_coding(c.x->req()))
    return refuse(c, {error_code::unsupported_media_type, "Content-Encoding", "only identity"});
  // What spoke against its body is gone meanwhile.
  if (c.x->req().missing == unread::body)
    return refuse(c, no_room_for_it());
  (this->*c.where->answer)(c);
}

// -- endpoints -----------------------------------------------------------------------------------

void routes::chat(const call& c) {
  auto& request = c.x->req();
  auto parsed = openai::parse_chat_request(std::exchange(request.body, {}), options_.max_messages);
  if (!parsed)
    return refuse(c, parsed.error());
  if (c.source == request_source::foreign_page && !parsed->session_id.empty()) {
    c.x->carry(cors_fields_for(c, true));
    return refuse(c, *refusal_of(c.source, request, false));
  }
  if (auto problem = read_session_fields(request, *parsed))
    return refuse(c, *problem);
  parsed->retries = retries_of(request, c.who);
  parsed->passed = nekods_before(request);
  if (parsed->retries.key.size() > openai::max_idempotency_key)
    return refuse(c, {error_code::invalid_value, "Idempotency-Key", "at most 255 bytes"});
  std::shared_ptr<const openai::chat_request> shared = share(std::move(*parsed));
  open_turn t;
  if (options_.home)
    t.home = options_.home();
  auto handle = spawn_reply(system_, t.home, c.x, shared, make_chat_writer(*shared), c.request_id,
                            options_.reply);
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
  if (auto refusal = options_.gate->watch_refusal(c.who, c.x->req()))
    return refuse(c, *refusal);
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

/// Browsers ask before they send. What they may ask for is decided before: it is allowed here.
void routes::preflight(const call& c) const {
  const auto& request = c.x->req();
  auto headers = common_fields(c.request_id);
  headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS");
  if (auto wanted = request.header("Access-Control-Request-Headers"); !wanted.empty())
    headers.emplace_back("Access-Control-Allow-Headers", wanted);
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
