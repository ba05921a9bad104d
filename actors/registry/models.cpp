#include "actors/registry/models.hpp"

#include "protocol/openai/errors.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <spdlog/spdlog.h>

namespace nekod {

namespace {

/// The answer to a forced refresh is used for others for this long.
constexpr std::chrono::seconds fresh_enough{1};

/// How often a list that turns wait for is requested again.
constexpr std::chrono::seconds reminder{1};

/// An upstream's error for the log, without the upstream's words.
std::string logged(chat::failure e) {
  e.foreign = nullptr;
  return openai::message_of(e, language::en);
}

} // namespace

models::models(private_registry_actor::pointer self, const registry_options& o)
    : self_(self),
      upstreams_(o.upstreams),
      age_(o.models_age),
      retry_(o.models_retry),
      catalogue_(o.upstreams, o.aliases) {
  refresh();
}

// -- for turns -----------------------------------------------------------------------------------

std::variant<model_choice, chat::failure, waits_for_models> models::choose(pending_turn& t) {
  auto model = catalogue_.choose(t.what.request->model);
  if (model && model->upstream)
    return std::move(*model);
  const auto is_too_late = now() >= t.models_deadline || !default_failure_.may_pass;
  if (model && is_too_late)
    return default_failure_;
  if (turns_.size() >= max_waiting_for_models)
    return chat::failure{chat::failure_code::overloaded};
  turns_.push_back(std::move(t));
  if (!std::exchange(reminded_, true))
    self_->delayed_send(self_, reminder, atom::refresh_v);
  return waits_for_models{};
}

caf::result<model_choice> models::choose_passed(const std::string& name) {
  refresh_if_old();
  if (auto choice = catalogue_.choose_passed(name))
    return std::move(*choice);
  if (passes_.size() >= max_waiting_for_models)
    return model_choice{};
  passes_.push_back({name, self_->make_response_promise<model_choice>()});
  return passes_.back().client;
}

// -- lists ---------------------------------------------------------------------------------------

caf::result<model_list> models::list() {
  if (now() < expire_)
    return catalogue_.list();
  return fresh_list();
}

caf::result<model_list> models::fresh_list() {
  if (asked_ == 0 && now() < asked_at_ + fresh_enough)
    return catalogue_.list();
  refresh();
  lists_.push_back(self_->make_response_promise<model_list>());
  return lists_.back();
}

void models::refresh_if_old() {
  if (now() >= expire_)
    refresh();
}

void models::refresh_for_health() {
  if (now() >= asked_at_ + retry_)
    refresh();
}

void models::refresh_if_awaited() {
  if (!turns_.empty())
    refresh();
}

void models::refresh() {
  if (asked_ > 0)
    return;
  asked_at_ = now();
  asked_ = upstreams_.size();
  has_failed_ = false;
  for (std::size_t index = 0; index < upstreams_.size(); ++index)
    upstreams_[index].service->list_models(
        [registry = caf::actor_cast<private_registry_actor>(self_), index](auto listed) {
          models_answer answer;
          answer.upstream = index;
          answer.ok = static_cast<bool>(listed);
          if (listed)
            answer.models = std::move(*listed);
          else
            answer.error = std::move(listed.error());
          caf::anon_send(registry, std::move(answer));
        });
}

// -- what happens --------------------------------------------------------------------------------

std::deque<pending_turn> models::take(models_answer answer) {
  update(std::move(answer));
  if (--asked_ == 0)
    expire_ = now() + (has_failed_ ? retry_ : age_);
  answer_waiting();
  // A turn whose model is known does not wait for the other upstreams' answers.
  return std::exchange(turns_, {});
}

void models::update(models_answer answer) {
  const auto upstream = upstreams_[answer.upstream].service->name();
  if (answer.ok) {
    const auto count = answer.models.size();
    if (catalogue_.update(answer.upstream, std::move(answer.models)))
      spdlog::info("upstream {} has {} models", upstream, count);
    return;
  }
  has_failed_ = true;
  if (answer.upstream == 0)
    default_failure_ = answer.error;
  spdlog::warn(
      "cannot get the models of upstream {} ({}); {}", upstream, logged(std::move(answer.error)),
      catalogue_.miss(answer.upstream) ? "using its default model" : "keeping the last list");
}

void models::answer_waiting() {
  for (auto& pass : std::exchange(passes_, {})) {
    if (auto choice = catalogue_.choose_passed(pass.model))
      pass.client.deliver(std::move(*choice));
    else
      passes_.push_back(std::move(pass));
  }
  if (asked_ > 0)
    return;
  for (auto& client : std::exchange(lists_, {}))
    client.deliver(catalogue_.list());
}

std::deque<pending_turn> models::look_again() {
  reminded_ = false;
  return std::exchange(turns_, {});
}

std::deque<pending_turn> models::stop(const caf::error& reason) {
  for (auto& client : lists_)
    client.deliver(reason);
  for (auto& pass : passes_)
    pass.client.deliver(reason);
  return std::exchange(turns_, {});
}

} // namespace nekod
