#include "actors/registry/registry.hpp"

#include "actors/session/session.hpp"
#include "actors/upstream/accounts/prober.hpp"
#include "actors/upstream/obeying_line.hpp"
#include "protocol/sessions/session_list.hpp"

#include <spdlog/spdlog.h>

#include <functional>
#include <string>
#include <utility>

namespace nekod {

using openai::error_code;

namespace {

/// Counts the further turns that several answers cost at an upstream of plain text.
/// @returns the refusal where they are too many.
std::optional<openai::error> count_further(const open_turn& t, const upstream_abilities& a) {
  if (a.speaks_openai || t.request->choices <= 1 || !t.count_further)
    return std::nullopt;
  return t.count_further(t.request->choices - 1);
}

} // namespace

void registry_state::start(registry_options o) {
  options_ = std::move(o);
  catalogue_ = model_catalogue{options_.upstreams, options_.aliases};
  self_->set_down_handler([this](caf::down_msg& m) { session_ended(m.source); });
  self_->set_error_handler([](caf::error&) {});
  self_->set_exit_handler([this](caf::exit_msg& m) {
    for (auto& [id, session] : live_) {
      self_->send_exit(session.handle, m.reason);
    }
    for (auto& t : parked_)
      refuse(t.reply, error_code::overloaded);
    for (auto& [request, waiting] : placing_)
      for (auto& t : waiting)
        refuse(t.reply, error_code::overloaded);
    for (auto& asker : askers_)
      asker.deliver(m.reason);
    for (auto& pass : parked_passes_)
      pass.asker.deliver(m.reason);
    self_->quit(m.reason);
  });
  prober_ = self_->spawn<caf::linked>(prober, services());
  refresh_models();
}

std::vector<std::shared_ptr<upstream_service>> registry_state::services() const {
  std::vector<std::shared_ptr<upstream_service>> all;
  for (const auto& u : options_.upstreams)
    all.push_back(u.service);
  return all;
}

void registry_state::open(open_turn t, reply_actor reply) {
  if (!options_.health->in_place) {
    refuse(reply, {error_code::store_unavailable, {}, "its file is not in its place"});
    return;
  }
  if (models_are_old())
    refresh_models(); // The last lists serve meanwhile.
  serve({std::move(t), std::move(reply), self_->clock().now() + options_.loading_wait});
}

readiness registry_state::with_store(readiness r) const {
  if (!options_.health->in_place || !options_.health->works)
    r.reasons.emplace_back("store_unavailable");
  return r;
}

void registry_state::hand_over(open_turn t, model_choice model, reply_actor reply) {
  turn next;
  next.abilities = model.upstream->abilities();
  auto problem = refusal(*t.request, next.abilities);
  if (!problem)
    problem = count_further(t, next.abilities);
  if (problem) {
    refuse(reply, std::move(*problem));
    return;
  }
  next.request = std::move(t.request);
  if (model.fallback) {
    spdlog::warn("未找到模型映射，使用默认模型：{}", model.upstream_name);
    options_.counts->model_fallbacks.Increment();
  }
  next.model = std::move(model);
  next.told = options_.digest->of(*next.request);
  name_or_scope(std::move(next), t.tenant, std::move(reply));
}

/// Why the upstream cannot be asked that.
std::optional<openai::error> registry_state::refusal(const openai::chat_request& r,
                                                     const upstream_abilities& abilities) const {
  if (!abilities.speaks_openai && r.objection)
    return r.objection;
  if (!abilities.demands && !r.demands.empty())
    return openai::error{error_code::unsupported_parameter, r.demands.front()};
  if (!abilities.speaks_openai && r.choices > most_choices)
    return openai::error{error_code::unsupported_parameter, "n",
                         "this upstream gives at most " + std::to_string(most_choices) +
                             " answers"};
  return std::nullopt;
}

/// @param stored Whether the store may have a record of the session.
void registry_state::give(const session_key& key, bool stored, turn next, reply_actor reply) {
  auto& session = session_for(key, stored, next.scope);
  if (session.leaving) {
    refuse(reply, error_code::session_deleted);
    return;
  }
  unlist(session);
  if (next.match != session_match::explicit_id)
    list_newest(session, next.identity);
  ++session.turns;
  self_->send(session.handle, atom::turn_v, std::move(next), std::move(reply));
}

registry_state::live_session& registry_state::session_for(const session_key& key, bool stored,
                                                          const std::string& scope) {
  auto [i, added] = live_.try_emplace(key);
  if (!added)
    return i->second;
  session_options o;
  o.id = key.id;
  o.tenant = key.tenant;
  o.scope = scope;
  o.stored = stored;
  o.store = options_.store;
  o.registry = self_;
  o.counts = options_.counts;
  o.budget = options_.budget;
  o.digest = options_.digest;
  o.queue_limit = options_.session_queue;
  o.limits = options_.limits;
  o.idle_time = options_.session_idle;
  o.max_age = options_.session_max_age;
  auto& entry = i->second;
  entry.handle = self_->spawn<caf::monitored>(session, std::move(o));
  entry.info.id = key.id;
  entry.info.tenant = key.tenant;
  entry.info.created_at = recorded_now();
  keys_.emplace(entry.handle.id(), key);
  spdlog::debug("session {} is in memory", key.id);
  return entry;
}

/// Forgets a session in memory.
void registry_state::forget(live_map::iterator i) {
  unlist(i->second);
  keys_.erase(i->second.handle.id());
  live_.erase(i);
}

void registry_state::refuse(const reply_actor& reply, openai::error reason) {
  options_.counts->turn_failed(turn_outcome::refused, reason.code);
  self_->send(reply, atom::failed_v, std::move(reason));
}

void registry_state::changed(session_report report) {
  auto i = live_.find(session_key{report.info});
  if (i == live_.end())
    return;
  auto& session = i->second;
  session.confirmed = true;
  session.turns_reported = report.turns;
  session.rested = report.resting;
  session.info = std::move(report.info);
  if (session.turns != report.turns)
    return; // A turn that is on its way to the session goes before what it could be found for.
  unlist(session);
  if (session.leaving)
    return;
  list_by_tip(session, std::move(report.scope), std::move(report.tip));
  list_by_identity(session, std::move(report.identity));
}

void registry_state::retire(const session_report& report) {
  auto i = live_.find(session_key{report.info});
  if (i == live_.end() || i->second.turns != report.turns || i->second.leaving)
    return; // A turn is on its way to it, or its end.
  spdlog::debug("session {} leaves memory", report.info.id);
  self_->send(i->second.handle, atom::retire_v);
  forget(i);
}

void registry_state::session_ended(const caf::actor_addr& source) {
  auto i = keys_.find(source.id());
  if (i == keys_.end())
    return;
  spdlog::error("session {} ended unexpectedly", i->second.id);
  if (auto session = live_.find(i->second); session != live_.end())
    forget(session);
  else
    keys_.erase(i);
}

registry_actor::behavior_type registry(registry_actor::stateful_pointer<registry_state> self,
                                       registry_options options) {
  self->state.start(std::move(options));
  return {
      [self](atom::open, open_turn& t, reply_actor& reply) {
        self->state.open(std::move(t), std::move(reply));
      },
      [self](atom::models) { return self->state.models(); },
      [self](atom::models, atom::refresh) { return self->state.fresh_models(); },
      [self](atom::pass, const std::string& model) { return self->state.pass(model); },
      [self](model_aliases& aliases) { self->state.use(std::move(aliases)); },
      [self](atom::refresh) { self->state.look_for_models(); },
      [self](atom::ready) { return self->state.with_store(self->state.ready()); },
      [self](atom::list, session_query& query) { return self->state.list(std::move(query)); },
      [self](atom::show, const std::string& id, const session_view& view) {
        return self->state.show(id, view);
      },
      [self](atom::remove, const std::string& id, const session_view& view) {
        return self->state.remove(id, view);
      },
      [self](atom::clear, const session_filter& filter) { return self->state.clear(filter); },
      [self](atom::changed, session_report& report) { self->state.changed(std::move(report)); },
      [self](atom::retire, const session_report& report) { self->state.retire(report); },
      [self](models_answer& answer) { self->state.take_models(std::move(answer)); },
  };
}

} // namespace nekod
