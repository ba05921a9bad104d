#include "actors/upstream/models_query.hpp"

#include "protocol/chat/model.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace nekod {

using chat::failure_code;

namespace {

/// The most models, since they are searched for each turn.
constexpr std::size_t most_models = 10'000;

/// Removes models that cannot be requested by name.
void tidy(std::vector<chat::listed_model>& models) {
  std::erase_if(models, [](const auto& m) { return !chat::is_model_name(m.name); });
  models.resize(std::min(models.size(), most_models));
}

} // namespace

http_call within(http_call call, std::chrono::milliseconds time) {
  auto& l = call.limits;
  for (auto* limit : {&l.connect, &l.first_byte, &l.silence, &l.whole})
    *limit = std::min(*limit, time);
  return call;
}

std::optional<std::chrono::milliseconds> probe_if_due(circuit& breaker,
                                                      const std::function<void()>& make) {
  const auto now = circuit::clock::now();
  if (breaker.take_probe(now))
    make();
  const auto wait = breaker.time_to_probe(now);
  return wait ? std::optional{std::chrono::ceil<std::chrono::milliseconds>(*wait)} : std::nullopt;
}

void models_query::start(std::shared_ptr<account_watch> who, http_call call,
                         upstream_service::models_handler f) {
  std::lock_guard guard{mutex_};
  account_ = std::move(who);
  response_ = upstream_response{};
  handler_ = std::move(f);
  running_ = {kind_, purpose_, std::chrono::steady_clock::now(), {}};
  transfer_ =
      net_.start(++number_, std::move(call), [this](const transfer_event& event) { take(event); });
}

void models_query::take(const transfer_event& event) {
  upstream_service::models_handler f;
  std::optional<answer> models;
  {
    std::lock_guard guard{mutex_};
    if (event.transfer != number_ || !handler_)
      return;
    if (event.what == transfer_event::kind::head) {
      response_.on_head(event, account_->longest_rest());
      return;
    }
    if (event.what == transfer_event::kind::data &&
        response_.body.size() + event.bytes.size() <= longest_model_list) {
      response_.body += event.bytes;
      transfer_->grant(event.bytes.size());
      return;
    }
    models = read(event);
    account_->ended(running_, *models ? nullptr : &models->error(), event.failure, response_);
    f = std::exchange(handler_, nullptr);
  }
  f(std::move(*models));
}

models_query::answer models_query::read(const transfer_event& event) const {
  if (event.what == transfer_event::kind::data)
    return chat::failure{
        failure_code::upstream_error, {}, "the upstream's list of models is too long"};
  if (event.failure != transfer_failure::none) {
    auto failure = failure_of(event.failure, response_);
    failure.may_pass = true;
    return failure;
  }
  auto models = read_(response_);
  if (!models)
    models.error().may_pass = response_.status == 503;
  if (models)
    tidy(*models);
  if (models && models->empty())
    return chat::failure{
        failure_code::upstream_error, {}, "the upstream's list of models cannot be read"};
  return models;
}

} // namespace nekod
