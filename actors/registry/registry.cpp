#include "actors/registry/registry.hpp"

#include "actors/registry/readiness.hpp"
#include "actors/retelling.hpp"
#include "actors/runtime/ids.hpp"
#include "actors/session/session.hpp"
#include "actors/session/turn_queue.hpp"
#include "actors/store/store_refusals.hpp"
#include "actors/store/store_timeout.hpp"
#include "actors/upstream/accounts/prober.hpp"
#include "actors/upstream/obeying_conversation.hpp"
#include "protocol/sessions/session_list.hpp"

#include <caf/actor_cast.hpp>
#include <spdlog/spdlog.h>

#include <chrono>
#include <string>
#include <utility>
#include <variant>

namespace nekod {

namespace {

using chat::failure_code;

std::vector<std::shared_ptr<upstream_service>> services_of(const registry_options& options) {
  std::vector<std::shared_ptr<upstream_service>> all;
  for (const auto& u : options.upstreams)
    all.push_back(u.service);
  return all;
}

/// The reason why an upstream with these abilities cannot answer *r*, if there is one.
std::optional<chat::failure> refusal(const chat::request& r, const upstream_abilities& a) {
  if (!a.speaks_openai && r.objection)
    return r.objection;
  if (!a.demands && !r.demands.empty())
    return chat::failure{failure_code::unsupported_parameter, r.demands.front()};
  if (!a.speaks_openai && r.choices > most_choices)
    return chat::failure{failure_code::unsupported_parameter, "n",
                         "this upstream gives at most " + std::to_string(most_choices) +
                             " answers"};
  return std::nullopt;
}

/// Counts the further turns that several answers cost at a text-only upstream.
/// @returns the refusal if they are too many.
std::optional<chat::failure> count_further(pending_turn& t, const upstream_abilities& a) {
  const auto count = std::exchange(t.count_further, {});
  if (a.speaks_openai || t.what.request->choices <= 1 || !count)
    return std::nullopt;
  return count(t.what.request->choices - 1);
}

template <class... F>
struct overloaded : F... {
  using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>;

} // namespace

void registry_state::start(registry_options o) {
  options_ = std::move(o);
  node_ = make_id("run-");
  placement_options rules;
  rules.digest = options_.sessions.digest;
  rules.matching = options_.matching;
  rules.shared = options_.sessions.shared;
  rules.queue = options_.sessions.queue_limit;
  placement_.emplace(live_, std::move(rules));
  directory_.emplace(self_, options_.sessions.store, live_);
  self_->set_down_handler([this](caf::down_msg& m) { session_ended(m.source); });
  self_->set_error_handler([](caf::error&) {});
  self_->set_exit_handler([this](caf::exit_msg& m) { stop(m.reason); });
  prober_ = self_->spawn<caf::linked>(prober, services_of(options_));
  models_.emplace(self_, options_);
}

void registry_state::stop(const caf::error& reason) {
  for (const auto& session : live_.actors())
    self_->send_exit(session, reason);
  for (const auto& t : models_->stop(reason))
    refuse(t, failure_code::overloaded);
  for (const auto& t : placement_->take_all_waiting())
    refuse(t, failure_code::overloaded);
  self_->quit(reason);
}

readiness registry_state::ready() {
  auto result = readiness_of(services_of(options_));
  // Turns do not ask the upstreams while none can be answered.
  if (!result.reasons.empty())
    models_->refresh_for_health();
  const auto& store = *options_.health;
  const auto is_away = !store.in_place || !store.works;
  result.lacks_shared_store = is_away && store.shared;
  if (is_away && !store.shared)
    result.reasons.emplace_back("store_unavailable");
  return result;
}

// -- the way of a turn ---------------------------------------------------------------------------

void registry_state::open(open_turn asked, reply_actor reply) {
  pending_turn t;
  t.what.request = std::move(asked.request);
  t.what.home = asked.home;
  t.tenant = std::move(asked.tenant);
  static_cast<turn_ties&>(t.what) = std::move(static_cast<turn_ties&>(asked));
  t.reply = std::move(reply);
  t.count_further = std::move(asked.count_further);
  t.models_deadline = self_->clock().now() + options_.loading_wait;
  if (!options_.health->in_place)
    return refuse(t, {failure_code::store_unavailable, {}, "its file is gone or was replaced"});
  models_->refresh_if_old();
  choose_model(std::move(t));
}

void registry_state::choose_model(pending_turn t) {
  auto chosen = models_->choose(t);
  if (auto* model = std::get_if<model_choice>(&chosen))
    find_session(std::move(t), std::move(*model));
  else if (auto* reason = std::get_if<chat::failure>(&chosen))
    refuse(t, std::move(*reason));
}

void registry_state::find_session(pending_turn t, model_choice model) {
  const auto abilities = model.upstream->abilities();
  auto reason = refusal(*t.what.request, abilities);
  if (!reason)
    reason = count_further(t, abilities);
  if (reason)
    return refuse(t, std::move(*reason));
  if (model.fallback) {
    spdlog::warn("未找到模型映射，使用默认模型：{}", model.upstream_name);
    options_.sessions.counts->model_fallbacks.Increment();
  }
  t.what.model = std::move(model);
  t.what.abilities = abilities;
  carry_out(placement_->place(std::move(t)));
}

void registry_state::carry_out(placement_step step) {
  std::visit(
      overloaded{
          [this](joins_session& s) { give(std::move(s.turn), s.session, std::move(s.taken)); },
          [this](begins_session& s) { begin_session(std::move(s)); },
          [this](asks_name& s) { ask_name(std::move(s)); },
          [this](takes_session& s) { take_session(std::move(s)); },
          [](waits_for_other&) {},
          [this](refused_turn& s) { refuse(s.turn, std::move(s.reason)); },
      },
      step);
}

void registry_state::begin_session(begins_session begins) {
  auto& t = begins.turn;
  const auto release = [this](const std::optional<session_token>& token) {
    if (token)
      self_->send(options_.sessions.store, atom::release_v, *token);
  };
  release(begins.unused);
  if (t.what.request->retries.resume_after) {
    release(begins.token);
    return refuse_all(t, {failure_code::stream_expired, "X-Resume-After"});
  }
  if (t.what.left_out) { // A new session needs the history.
    release(begins.token);
    const auto equal = placement_->take_waiting_for(t.tenant, t.what.identity);
    ask_with_history(std::move(t.what), t.tenant, t.reply, caf::actor_cast<registry_actor>(self_));
    for (const auto& next : equal)
      carry_out(placement_->place_by_identity(next));
    return;
  }
  const session_key key{t.tenant, make_session_id()};
  session_taken nothing;
  nothing.token = begins.token ? *std::move(begins.token) : next_token();
  give(std::move(t), key, std::move(nothing));
}

void registry_state::ask_name(asks_name asked) {
  session_view own;
  own.tenant = asked.turn.tenant;
  self_
      ->request(options_.sessions.store, store_timeout, atom::show_v,
                asked.turn.what.request->session_header, std::move(own))
      .then(
          [this, asked](const session_finding& found) mutable {
            carry_out(placement_->named(std::move(asked), found));
          },
          [this, asked](const caf::error&) { refuse_unplaced(asked.turn); });
}

void registry_state::take_session(takes_session asked) {
  auto wanted = asked.wanted;
  const auto token = next_token();
  wanted.token = token;
  const auto limit = store_timeout + options_.sessions.session_wait;
  self_->request(options_.sessions.store, limit, atom::take_v, std::move(wanted))
      .then(
          [this, asked, token](session_taken& taken) mutable {
            const auto is_asked =
                taken.by == found_by::nothing && asked.wanted.answer == earlier_answer::wanted;
            auto step = placement_->taken(std::move(asked), std::move(taken));
            // The store knows the request by this token.
            if (auto* begins = std::get_if<begins_session>(&step); begins && is_asked)
              begins->token = token;
            else if (is_asked)
              self_->send(options_.sessions.store, atom::release_v, token);
            carry_out(std::move(step));
          },
          [this, asked, token](const caf::error& e) {
            // A store that was silent may still process the request.
            self_->send(options_.sessions.store, atom::release_v, token);
            if (is_busy_elsewhere(e))
              refuse_all(asked.turn, busy_session());
            else
              refuse_unplaced(asked.turn);
          });
}

/// Refuses a turn whose session only the store knows. A new session in its place would fork the
/// conversation.
void registry_state::refuse_unplaced(const pending_turn& t) {
  spdlog::error("the store failed or was silent, so a turn's session is unknown");
  refuse_all(t, {failure_code::store_unavailable, {}, "it failed or did not answer"});
}

/// Refuses a turn, and those that wait for it.
void registry_state::refuse_all(const pending_turn& t, const chat::failure& reason) {
  refuse(t, reason);
  for (const auto& equal : placement_->take_waiting_for(t.tenant, t.what.identity))
    refuse(equal, reason);
}

/// Gives a turn to its session, then places those that waited for that.
/// @param taken The session as the store returned it; nothing if it is in memory, or takes its
/// record itself.
void registry_state::give(pending_turn t, const session_key& key,
                          std::optional<session_taken> taken) {
  auto equal = placement_->take_waiting_for(t.tenant, t.what.identity);
  if (!live_.has(key))
    spawn_session(key, std::move(taken), t.what.scope, t.what.home);
  const auto& session = *live_.find(key);
  if (session.leaving) {
    refuse(t, failure_code::session_deleted);
  } else {
    live_.give_turn(key, t.what);
    self_->send(session.handle, atom::turn_v, std::move(t.what), std::move(t.reply));
  }
  for (auto& next : equal)
    carry_out(placement_->place_by_identity(std::move(next)));
}

void registry_state::spawn_session(const session_key& key, std::optional<session_taken> taken,
                                   const std::string& scope, home_loop home) {
  session_start o{options_.sessions};
  o.id = key.id;
  o.tenant = key.tenant;
  o.scope = scope;
  o.token = taken ? taken->token : next_token();
  o.taken = std::move(taken);
  o.registry = caf::actor_cast<registry_actor>(self_);
  o.home = home;
  const auto token = o.token;
  auto handle = nekod::spawn_session(*self_, std::move(o));
  self_->monitor(handle);
  const auto actor = handle.id();
  live_.add(key, std::move(handle), actor, recorded_now(), token);
  spdlog::debug("session {} is in memory", key.id);
}

caf::result<edit_outcome> registry_state::edit(const session_key& key, conversation_edit e) {
  if (!live_.has(key))
    spawn_session(key, std::nullopt, {}, {});
  const auto& session = *live_.find(key);
  if (session.leaving)
    return edit_outcome{{failure_code::conversation_not_found, "conversation"}};
  live_.give_edit(key);
  return self_->delegate(session.handle, atom::edit_v, std::move(e));
}

void registry_state::refuse(const pending_turn& t, chat::failure reason) {
  options_.sessions.counts->turn_failed(turn_outcome::refused, reason.code);
  self_->send(t.reply, atom::failed_v, std::move(reason));
}

// -- what happens --------------------------------------------------------------------------------

void registry_state::take_models(models_answer answer) {
  for (auto& t : models_->take(std::move(answer)))
    choose_model(std::move(t));
}

void registry_state::look_for_models_again() {
  for (auto& t : models_->look_again())
    choose_model(std::move(t));
  models_->refresh_if_awaited();
}

void registry_state::retire(const session_report& report) {
  if (!live_.may_retire(report))
    return;
  const session_key key{report.info};
  spdlog::debug("session {} leaves memory", key.id);
  self_->send(live_.find(key)->handle, atom::retire_v);
  // After everything that it committed, and before its next actor takes it.
  self_->send(options_.sessions.store, atom::release_v, report.token);
  live_.forget(key);
}

void registry_state::session_ended(const caf::actor_addr& session) {
  const auto key = live_.of_actor(session.id());
  if (!key)
    return;
  spdlog::error("session {} ended unexpectedly", key->id);
  self_->send(options_.sessions.store, atom::release_v, live_.find(*key)->token);
  live_.forget(*key);
}

private_registry_actor::behavior_type
registry(private_registry_actor::stateful_pointer<registry_state> self, registry_options options) {
  self->state.start(std::move(options));
  return {
      [self](atom::open, open_turn& t, reply_actor& reply) {
        self->state.open(std::move(t), std::move(reply));
      },
      [self](atom::models) { return self->state.all_models().list(); },
      [self](atom::models, atom::refresh) { return self->state.all_models().fresh_list(); },
      [self](atom::pass, const std::string& model) {
        return self->state.all_models().choose_passed(model);
      },
      [self](model_aliases& aliases) { self->state.all_models().use(std::move(aliases)); },
      [self](atom::ready) { return self->state.ready(); },
      [self](atom::list, session_query& query) {
        return self->state.directory().list(std::move(query));
      },
      [self](atom::show, const std::string& id, const session_view& view) {
        return self->state.directory().show(id, view);
      },
      [self](atom::show, const conversation_query& query) {
        return self->state.directory().show(query);
      },
      [self](atom::remove, const std::string& id, const session_view& view) {
        return self->state.directory().remove(id, view);
      },
      [self](atom::clear, const session_filter& filter) {
        return self->state.directory().clear(filter);
      },
      [self](atom::edit, const session_key& session, conversation_edit& e) {
        return self->state.edit(session, std::move(e));
      },
      [self](atom::changed, session_report& report) { self->state.take_report(std::move(report)); },
      [self](atom::retire, const session_report& report) { self->state.retire(report); },
      [self](atom::gone, const session_token& token) { self->state.directory().gone(token); },
      [self](models_answer& answer) { self->state.take_models(std::move(answer)); },
      [self](atom::refresh) { self->state.look_for_models_again(); },
  };
}

} // namespace nekod
