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
  if (std::exchange(models_asked_, true))
    return;
  models_asked_at_ = self_->clock().now();
  options_.upstream->list_models([handle = caf::actor_cast<registry_actor>(self_)](auto names) {
    models_answer answer;
    answer.ok = static_cast<bool>(names);
    if (names)
      answer.names = std::move(*names);
    else
      answer.error = std::move(names.error());
    caf::anon_send(handle, std::move(answer));
  });
}

void registry_state::take_models(models_answer answer) {
  models_asked_ = false;
  models_expire_ = self_->clock().now() + (answer.ok ? options_.models_age : options_.models_retry);
  if (answer.ok) {
    if (answer.names != catalogue_.list().upstream_names)
      spdlog::info("the upstream has {} models", answer.names.size());
    catalogue_.update(*options_.upstream, std::move(answer.names));
  } else {
    spdlog::warn("the upstream's list of models cannot be had ({}), {}",
                 openai::message_of(answer.error, openai::language::en),
                 models_known_ ? "the last one stays" : "its default model serves");
  }
  models_known_ = true;
  for (auto& asker : std::exchange(askers_, {}))
    asker.deliver(catalogue_.list());
  for (auto& t : std::exchange(parked_, {}))
    hand_over(std::move(t.what), std::move(t.reply));
}

caf::result<model_list> registry_state::models() {
  if (!models_are_old())
    return catalogue_.list();
  return fresh_models();
}

caf::result<model_list> registry_state::fresh_models() {
  if (models_known_ && self_->clock().now() < models_asked_at_ + fresh_enough)
    return catalogue_.list();
  refresh_models();
  askers_.push_back(self_->make_response_promise<model_list>());
  return askers_.back();
}

void registry_state::use(model_aliases aliases) {
  catalogue_.use(*options_.upstream, std::move(aliases));
}

readiness registry_state::ready() {
  auto accounts = options_.upstream->accounts();
  readiness result;
  if (accounts.working > 0)
    return result;
  // Nobody else may ask while no turn comes; the answer shows in the accounts.
  if (self_->clock().now() >= models_asked_at_ + options_.models_retry)
    refresh_models();
  if (accounts.refused > 0)
    result.reasons.emplace_back("upstream_auth_failed");
  if (accounts.unreachable > 0)
    result.reasons.emplace_back("upstream_unreachable");
  if (result.reasons.empty())
    result.reasons.emplace_back("upstream_unknown");
  return result;
}

} // namespace nekod
