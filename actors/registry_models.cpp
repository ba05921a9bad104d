#include "actors/registry.hpp"

#include <spdlog/spdlog.h>

#include <utility>

/// The registry's models: what the upstream has, asked for when the last list is old.
namespace nekod {

namespace {

/// An answer to a forced refresh serves others that long.
constexpr std::chrono::seconds fresh_enough{1};

} // namespace

bool registry_state::models_are_old() const { return self_->clock().now() >= models_expire_; }

void registry_state::refresh_models() {
  if (models_asked_ > 0)
    return;
  models_asked_at_ = self_->clock().now();
  models_asked_ = options_.upstreams.size();
  models_failed_ = false;
  for (std::size_t place = 0; place < options_.upstreams.size(); ++place)
    options_.upstreams[place].service->list_models(
        [handle = caf::actor_cast<registry_actor>(self_), place](auto models) {
          models_answer answer;
          answer.upstream = place;
          answer.ok = static_cast<bool>(models);
          if (models)
            answer.models = std::move(*models);
          else
            answer.error = std::move(models.error());
          caf::anon_send(handle, std::move(answer));
        });
}

void registry_state::take_models(models_answer answer) {
  const auto upstream = options_.upstreams[answer.upstream].service->name();
  models_failed_ = models_failed_ || !answer.ok;
  if (answer.ok) {
    const auto count = answer.models.size();
    if (catalogue_.update(answer.upstream, std::move(answer.models)))
      spdlog::info("upstream {} has {} models", upstream, count);
  } else {
    spdlog::warn("the models of upstream {} cannot be had ({}); {}", upstream,
                 openai::message_of(answer.error, openai::language::en),
                 catalogue_.miss(answer.upstream) ? "its default serves" : "the last list stays");
  }
  if (--models_asked_ == 0)
    models_expire_ =
        self_->clock().now() + (models_failed_ ? options_.models_retry : options_.models_age);
  // One upstream that is silent does not keep those waiting whose model another has.
  for (auto& t : std::exchange(parked_, {}))
    open(std::move(t.what), std::move(t.reply));
  if (models_asked_ == 0)
    for (auto& asker : std::exchange(askers_, {}))
      asker.deliver(catalogue_.list());
}

caf::result<model_list> registry_state::models() {
  if (!models_are_old())
    return catalogue_.list();
  return fresh_models();
}

caf::result<model_list> registry_state::fresh_models() {
  if (models_asked_ == 0 && self_->clock().now() < models_asked_at_ + fresh_enough)
    return catalogue_.list();
  refresh_models();
  askers_.push_back(self_->make_response_promise<model_list>());
  return askers_.back();
}

void registry_state::use(model_aliases aliases) { catalogue_.use(std::move(aliases)); }

readiness registry_state::ready() {
  readiness result;
  account_counts all;
  for (const auto& u : options_.upstreams) {
    const auto accounts = u.service->accounts();
    auto& shown = result.upstreams.emplace_back();
    shown.name = u.service->name();
    shown.given_up = u.service->is_given_up();
    shown.working = accounts.working;
    shown.refused = accounts.refused;
    shown.limited = accounts.limited;
    shown.unreachable = accounts.unreachable;
    // One at its limit works, and is not to be asked for now.
    all.working += shown.given_up ? 0 : accounts.working + accounts.limited;
    all.refused += accounts.refused;
    all.unreachable += shown.given_up ? 1 : accounts.unreachable;
  }
  if (all.working > 0)
    return result;
  // Nobody else may ask while no turn comes; the answer shows in the accounts.
  if (self_->clock().now() >= models_asked_at_ + options_.models_retry)
    refresh_models();
  if (all.refused > 0)
    result.reasons.emplace_back("upstream_auth_failed");
  if (all.unreachable > 0)
    result.reasons.emplace_back("upstream_unreachable");
  if (result.reasons.empty())
    result.reasons.emplace_back("upstream_unknown");
  return result;
}

} // namespace nekod
