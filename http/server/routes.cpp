#include "http/server/routes.hpp"

#include "actors/ids.hpp"
#include "http/server/path.hpp"
#include "protocol/openai/models.hpp"
#include "protocol/openai/sessions.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace nekod::http {

namespace {

using openai::error;
using openai::error_code;

/// How long the registry may take for an answer; it may have to ask the upstream for its models
/// first.
constexpr std::chrono::seconds registry_timeout{60};

/// What a client is told to wait when there is no room for its request.
constexpr std::chrono::seconds overload_retry{2};

std::int64_t seconds_since_epoch() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::shared_ptr<openai::chat_request> share(openai::chat_request r) {
  return std::make_shared<openai::chat_request>(std::move(r));
}

/// Whether *path* lies below *parent*, a path that ends in a slash; *rest* is what stands behind
/// it.
bool below(std::string_view path, std::string_view parent, std::string_view& rest) {
  if (path.substr(0, parent.size()) != parent)
    return false;
  rest = path.substr(parent.size());
  return true;
}

} // namespace

struct routes::call {
  bool is(std::string_view method) const {
    const auto& m = x->req().method;
    return m == method || (m == "HEAD" && method == "GET");
  }

  exchange_ptr x;
  std::string request_id;
  std::string path;
};

namespace {

void respond_json(exchange& x, const std::string& request_id, std::uint16_t status,
                  std::string body) {
  auto headers = common_fields(request_id);
  headers.emplace_back("Content-Type", "application/json");
  x.respond(status, std::move(headers), std::move(body));
}

} // namespace

routes::routes(caf::actor_system& system, registry_actor registry, route_options options)
    : system_(system), registry_(std::move(registry)), options_(std::move(options)) {}

void routes::handle(const exchange_ptr& x) {
  call c{x, make_id("req_"), endpoint_path(x->req().path)};
  if (turns_away(c)) {
    error full{error_code::overloaded};
    full.retry_after = overload_retry;
    refuse(c, full);
  } else if (x->req().body.size() > options_.max_body) {
    refuse(c, {error_code::content_too_large,
               {},
               "at most " + std::to_string(options_.max_body) + " bytes"});
  } else if (c.is("OPTIONS")) {
    preflight(c);
  } else {
    dispatch(c);
  }
}

/// Whether there is no room for a request, or for its connection: that is closed behind the answer
/// then.
bool routes::turns_away(const call& c) const {
  auto past = [](const std::function<std::size_t()>& count, std::size_t limit) {
    return count && count() > limit;
  };
  auto away = draining_ || past(options_.open_connections, options_.max_connections);
  if (away)
    c.x->close_after();
  return away || (c.path == "/chat/completions" && c.is("POST") &&
                  past(options_.open_requests, options_.max_requests));
}

void routes::dispatch(const call& c) {
  std::string_view id;
  if (c.path == "/chat/completions")
    return c.is("POST") ? chat(c) : refuse_method(c, "POST, OPTIONS");
  if (c.path == "/models")
    return c.is("GET") ? models(c) : refuse_method(c, "GET, HEAD, OPTIONS");
  if (below(c.path, "/models/", id))
    return c.is("GET") ? model(c, id) : refuse_method(c, "GET, HEAD, OPTIONS");
  if (c.path == "/sessions")
    return c.is("GET") ? sessions(c) : refuse_method(c, "GET, HEAD, OPTIONS");
  if (below(c.path, "/sessions/", id))
    return c.is("DELETE") ? delete_session(c, id) : refuse_method(c, "DELETE, OPTIONS");
  if (c.path != "/health" && c.path != "/")
    return refuse(c, error_code::not_found);
  if (!c.is("GET"))
    return refuse_method(c, "GET, HEAD, OPTIONS");
  respond_json(*c.x, c.request_id, 200,
               c.path == "/"
                   ? openai::front_page_json(options_.version)
                   : openai::health_json(std::chrono::system_clock::now(), options_.version));
}

// -- endpoints -----------------------------------------------------------------------------------

void routes::chat(const call& c) {
  auto& request = c.x->req();
  auto parsed = openai::parse_chat_request(std::exchange(request.body, {}));
  if (!parsed)
    return refuse(c, parsed.error());
  if (auto named = request.header("X-Session-Id"); !named.empty() && parsed->session_id.empty()) {
    if (!openai::valid_session_id(named))
      return refuse(c, {error_code::invalid_session_id, "X-Session-Id"});
    parsed->session_id = named;
  }
  std::shared_ptr<const openai::chat_request> shared = share(std::move(*parsed));
  auto handle = system_.spawn(reply, c.x, shared, c.request_id, options_.reply);
  open_turn t;
  t.request = std::move(shared);
  caf::anon_send(registry_, atom::open_v, std::move(t), std::move(handle));
}

void routes::models(const call& c) {
  ask<model_list>(
      c,
      [](exchange& x, const std::string& request_id, const model_list& list) {
        respond_json(
            x, request_id, 200,
            openai::model_list_json(list.models, seconds_since_epoch(), list.upstream_names));
      },
      atom::models_v);
}

void routes::model(const call& c, std::string_view encoded_id) {
  auto id = decode_percent(encoded_id);
  auto lang = options_.reply->language;
  ask<model_list>(
      c,
      [id, lang](exchange& x, const std::string& request_id, const model_list& list) {
        auto found = std::find_if(list.models.begin(), list.models.end(),
                                  [&](const auto& m) { return id && m.id == *id; });
        if (found == list.models.end())
          respond_error(x, {error_code::model_not_found, "model"}, lang, request_id);
        else
          respond_json(x, request_id, 200, openai::model_json(*found, seconds_since_epoch()));
      },
      atom::models_v);
}

void routes::sessions(const call& c) {
  using list = std::vector<openai::session_info>;
  ask<list>(
      c,
      [](exchange& x, const std::string& request_id, const list& all) {
        respond_json(x, request_id, 200, openai::session_list_json(all));
      },
      atom::list_v);
}

void routes::delete_session(const call& c, std::string_view encoded_id) {
  auto lang = options_.reply->language;
  auto id = decode_percent(encoded_id);
  if (!id || !openai::valid_session_id(*id))
    return respond_json(*c.x, c.request_id, 404, openai::session_missing_json(lang));
  ask<bool>(
      c,
      [lang](exchange& x, const std::string& request_id, bool found) {
        if (found)
          respond_json(x, request_id, 200, openai::session_deleted_json(lang));
        else
          respond_json(x, request_id, 404, openai::session_missing_json(lang));
      },
      atom::remove_v, std::move(*id));
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

void routes::refuse_method(const call& c, const char* allowed) const {
  auto headers = common_fields(c.request_id);
  headers.emplace_back("Content-Type", "application/json");
  headers.emplace_back("Allow", allowed);
  headers.emplace_back("X-Should-Retry", "false");
  error e{error_code::method_not_allowed};
  c.x->respond(openai::status_of(e.code), std::move(headers),
               openai::to_json(e, options_.reply->language));
}

template <class Reply, class Answer, class... Question>
void routes::ask(const call& c, Answer answer, Question... question) {
  auto asking = [c, answer, lang = options_.reply->language](caf::event_based_actor* self,
                                                             const registry_actor& registry,
                                                             const Question&... q) {
    self->request(registry, registry_timeout, q...)
        .then([c, answer](const Reply& reply) { answer(*c.x, c.request_id, reply); },
              [c, lang](const caf::error&) {
                respond_error(*c.x, {error_code::internal_error, {}, "no answer in time"}, lang,
                              c.request_id);
              });
  };
  system_.spawn(std::move(asking), registry_, std::move(question)...);
}

} // namespace nekod::http
