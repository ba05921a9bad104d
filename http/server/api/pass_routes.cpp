// The endpoints that pass to an upstream.

#include "http/server/api/pass_fields.hpp"
#include "http/server/api/pass_relay.hpp"
#include "http/server/api/route_call.hpp"
#include "http/server/message/path.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace nekod::http {

namespace {

using openai::error;
using openai::error_code;

constexpr std::string_view refused = "see --pass-paths";

} // namespace

/// The endpoint of a path that passes, known by its word; null where it does not pass.
const routes::endpoint* routes::passed_endpoint(std::string_view raw, std::string_view method) {
  constexpr const char* any = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
  static const endpoint endpoints[] = {
      {"/embeddings", any_method, any, "embeddings", &routes::pass},
      {"/completions", any_method, any, "completions", &routes::pass},
      {"/rerank", any_method, any, "rerank", &routes::pass},
      {"/moderations", any_method, any, "moderations", &routes::pass},
      {"/images/", any_method, any, "images", &routes::pass},
      {"/audio/", any_method, any, "audio", &routes::pass},
      {"/tokenize", any_method, any, "tokenize", &routes::pass},
      {"/detokenize", any_method, any, "detokenize", &routes::pass},
      {"/", any_method, any, "pass", &routes::pass},
  };
  const auto target = pass_target_of(raw, method);
  if (target.who == pass_rule::nobody)
    return nullptr;
  const auto* found =
      std::find_if(std::begin(endpoints), std::end(endpoints),
                   [&](const endpoint& e) { return std::string_view{e.word} == target.word; });
  return found == std::end(endpoints) ? nullptr : found;
}

/// Whether the caller may have such a request passed. A caller of this machine is known by its
/// address only where no proxy stands between.
bool routes::may_pass(const pass_target& target, const caller& who, const request& r) const {
  if (target.who != pass_rule::admins)
    return target.who == pass_rule::anybody;
  if (options_.pass_paths.allows(target.path))
    return true;
  const auto behind_proxy = !r.header("X-Forwarded-For").empty() ||
                            !r.header("Forwarded").empty() || !r.header("X-Real-IP").empty() ||
                            !r.header("Via").empty();
  return options_.gate->may_pass_all(who, behind_proxy);
}

std::optional<std::uint64_t> routes::streams_body(const request& r) const {
  const auto path = endpoint_path(r.path);
  const auto* where = endpoint_of(r, path);
  if (where == nullptr || where->answer != &routes::pass || !wants_body(r) || asks_for_upgrade(r))
    return std::nullopt;
  if (!may_pass(pass_target_of(r.path, r.method), options_.gate->identify(r), r))
    return std::nullopt;
  return options_.max_upload;
}

void routes::pass(const call& c) {
  const auto& r = c.x->req();
  if (asks_for_upgrade(r))
    return refuse(c, error_code::upgrade_not_supported);
  auto target = pass_target_of(r.path, r.method);
  if (!may_pass(target, c.who, r))
    return refuse(c, {error_code::not_found, {}, std::string{refused}});
  auto choose = [this](const std::string& model, std::function<void(pass_relay::choice)> f) {
    auto asking = [f = std::move(f)](caf::event_based_actor* self, const registry_actor& registry,
                                     const std::string& name) {
      self->request(registry, registry_timeout, atom::pass_v, name)
          .then([f](const model_choice& found) { f(found); },
                [f](const caf::error&) {
                  f(error{error_code::internal_error, {}, "no answer in time"});
                });
    };
    system_.spawn(std::move(asking), registry_, model);
  };
  std::make_shared<pass_relay>(c.x, c.request_id, std::move(target), options_.pass,
                               std::move(choose))
      ->start();
}

} // namespace nekod::http
