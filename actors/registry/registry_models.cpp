#include "actors/registry/registry.hpp"

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include <string>
#include <string_view>
#include <utility>

/// The registry's models: what the upstream has, asked for when the last list is old.
namespace nekod {

namespace {

/// An answer to a forced refresh serves others that long.
constexpr std::chrono::seconds fresh_enough{1};

/// How soon a list that turns wait for is asked for again.
constexpr std::chrono::seconds next_look{1};

/// What an upstream's error is in a log, without its words.
std::string logged(openai::error e) {
  e.foreign = nullptr;
  return openai::message_of(e, openai::language::en);
}

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
    if (answer.upstream == 0)
      no_models_ = answer.error;
    spdlog::warn("the models of upstream {} cannot be had ({}); {}", upstream,
                 logged(std::move(answer.error)),
                 catalogue_.miss(answer.upstream) ? "its default serves" : "the last list stays");
  }
  if (--models_asked_ == 0)
    models_expire_ =
        self_->clock().now() + (models_failed_ ? options_.models_retry : options_.models_age);
  // One upstream that is silent does not keep those waiting whose model another has.
  serve_parked();
  for (auto& pass : std::exchange(parked_passes_, {})) {
    if (auto choice = catalogue_.choose_passed(pass.model))
      pass.asker.deliver(std::move(*choice));
    else
      parked_passes_.push_back(std::move(pass));
  }
  if (models_asked_ == 0)
    for (auto& asker : std::exchange(askers_, {}))
      asker.deliver(catalogue_.list());
}

// -- turns that wait for a list ------------------------------------------------------------------

/// Hands a turn over, has it wait for a list of models, or refuses it.
void registry_state::serve(parked_turn t) {
  auto model = catalogue_.choose(t.what.request->model);
  if (model && model->upstream) {
    hand_over(std::move(t.what), std::move(*model), std::move(t.reply));
    return;
  }
  const auto failed = model.has_value();
  const auto too_late = self_->clock().now() >= t.deadline || !no_models_.may_pass;
  if (failed && too_late) {
    refuse(t.reply, no_models_);
  } else if (parked_.size() >= max_waiting_for_models) {
    refuse(t.reply, openai::error_code::overloaded);
  } else {
    parked_.push_back(std::move(t));
    look_for_models_soon();
  }
}

void registry_state::serve_parked() {
  for (auto& t : std::exchange(parked_, {}))
    serve(std::move(t));
}

void registry_state::look_for_models_soon() {
  if (!std::exchange(looking_soon_, true))
    self_->delayed_send(self_, next_look, atom::refresh_v);
}

void registry_state::look_for_models() {
  looking_soon_ = false;
  serve_parked();
  if (!parked_.empty())
    refresh_models();
}

// -- lists for clients ---------------------------------------------------------------------------

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

caf::result<model_choice> registry_state::pass(const std::string& model) {
  if (models_are_old())
    refresh_models(); // The last lists serve meanwhile.
  if (auto choice = catalogue_.choose_passed(model))
    return std::move(*choice);
  if (parked_passes_.size() >= max_waiting_for_models)
    return model_choice{};
  parked_passes_.push_back({model, self_->make_response_promise<model_choice>()});
  return parked_passes_.back().asker;
}

void registry_state::use(model_aliases aliases) { catalogue_.use(std::move(aliases)); }

namespace {

/// Why turns may not be for that upstream now, in stable words.
std::vector<std::string> reasons_of(const upstream_state& s) {
  std::vector<std::string> reasons;
  auto add = [&](bool applies, const char* word) {
    if (applies)
      reasons.emplace_back(word);
  };
  add(s.breaker == circuit::phase::open, "circuit_open");
  add(s.breaker == circuit::phase::half_open, "circuit_half_open");
  add(s.refused > 0, "accounts_refused");
  add(s.limited > 0, "accounts_limited");
  add(s.unreachable > 0, "accounts_unreachable");
  add(s.address_rest.count() > 0, "address_limited");
  return reasons;
}

openai::upstream_standing standing_of(std::string_view name, const upstream_state& s) {
  openai::upstream_standing shown;
  shown.name = name;
  shown.circuit = s.breaker == circuit::phase::open        ? "open"
                  : s.breaker == circuit::phase::half_open ? "half_open"
                                                           : "closed";
  shown.working = s.working;
  shown.refused = s.refused;
  shown.limited = s.limited;
  shown.unreachable = s.unreachable;
  shown.reasons = reasons_of(s);
  for (const auto& limit : s.limits)
    shown.limits.push_back(
        {limit.model, limit.accounts, std::chrono::ceil<std::chrono::seconds>(limit.left)});
  return shown;
}

} // namespace

readiness registry_state::ready() {
  readiness result;
  upstream_state all;
  for (const auto& u : options_.upstreams) {
    const auto state = u.service->state();
    const auto is_open = state.breaker == circuit::phase::open;
    result.upstreams.push_back(standing_of(u.service->name(), state));
    // One at its limit works, if not for now.
    all.working += is_open ? 0 : state.working + state.limited;
    all.refused += state.refused;
    all.unreachable += is_open ? 1 : state.unreachable;
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
