#include "http/server/api/passing/pass.hpp"

#include "http/server/api/passing/pass_fields.hpp"
#include "http/server/api/passing/pass_relay.hpp"
#include "http/server/api/request_context.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace nekod::http {

namespace {

using chat::failure_code;

/// Asks the registry for the upstream that has *model*. Calls *f* once, on any thread.
void choose_upstream(const api_services& api, const std::string& model,
                     std::function<void(pass_relay::choice)> f) {
  auto asking = [f = std::move(f)](caf::event_based_actor* self, const registry_actor& registry,
                                   const std::string& name) {
    self->request(registry, actor_timeout, atom::pass_v, name)
        .then([f](const model_choice& found) { f(found); },
              [f](const caf::error&) {
                f(chat::failure{failure_code::internal_error, {}, "no answer in time"});
              });
  };
  api.system.spawn(std::move(asking), api.registry, model);
}

} // namespace

bool may_pass(const route_options& options, const pass_target& target, const caller& who,
              const request& r) {
  if (target.who != pass_rule::admins)
    return target.who == pass_rule::anybody;
  if (options.pass_paths.allows(target.path))
    return true;
  // A caller on this machine is known by its address only if there is no proxy in between.
  const auto behind_proxy = !r.header("X-Forwarded-For").empty() ||
                            !r.header("Forwarded").empty() || !r.header("X-Real-IP").empty() ||
                            !r.header("Via").empty();
  return options.gate->may_pass_all(who, behind_proxy);
}

void answer_pass(const request_context& c) {
  const auto& r = c.req();
  auto target = pass_target_of(r.path, r.method);
  if (!may_pass(c.api.options, target, c.who, r))
    return c.refuse({failure_code::not_found, {}, "--pass-paths can open it"});
  auto choose = [&api = c.api](const std::string& model,
                               std::function<void(pass_relay::choice)> f) {
    choose_upstream(api, model, std::move(f));
  };
  std::make_shared<pass_relay>(c.x, c.request_id, std::move(target), c.api.options.pass,
                               std::move(choose))
      ->start();
}

} // namespace nekod::http
