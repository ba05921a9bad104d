#include "actors/registry.hpp"

#include "actors/session.hpp"
#include "actors/session_list.hpp"

#include <spdlog/spdlog.h>

#include <functional>
#include <utility>

namespace nekod {

namespace {

using openai::error_code;

/// What is the same in a request that is sent again, and in no other that is alike. Words that many
/// begin with are the same request from the same sender alone.
std::string identity_of(const openai::chat_request& r, const request_digests& told) {
  std::hash<std::string> hash;
  auto result =
      told.all + '\n' + std::to_string(hash(r.body)) + '\n' + r.session_id + '\n' + r.retries.key;
  auto anybodys = r.retries.key.empty() && r.session_id.empty() && !told.tell_history();
  return anybodys ? result + '\n' + std::to_string(hash(r.retries.sender)) : result;
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
      for (auto& c : session.claims)
        refuse(c.reply, error_code::overloaded);
    }
    for (auto& t : parked_)
      refuse(t.reply, error_code::overloaded);
    for (auto& [request, waiting] : placing_)
      for (auto& t : waiting)
        refuse(t.reply, error_code::overloaded);
    for (auto& asker : askers_)
      asker.deliver(m.reason);
    self_->quit(m.reason);
  });
  refresh_models();
}

void registry_state::open(open_turn t, reply_actor reply) {
  if (models_are_old())
    refresh_models(); // The last lists serve meanwhile.
  if (auto model = catalogue_.choose(t.request->model))
    hand_over(std::move(t), std::move(*model), std::move(reply));
  else if (parked_.size() < max_waiting_for_models)
    parked_.push_back({std::move(t), std::move(reply)});
  else
    refuse(reply, error_code::overloaded);
}

void registry_state::hand_over(open_turn t, model_choice model, reply_actor reply) {
  if (!model.upstream) {
    refuse(reply, {error_code::upstream_error, {}, "the upstream's models are not known"});
    return;
  }
  turn next;
  next.abilities = model.upstream->abilities();
  if (auto problem = refusal(*t.request, next.abilities)) {
    refuse(reply, std::move(*problem));
    return;
  }
  next.request = std::move(t.request);
  if (model.fallback) {
    spdlog::warn("未找到模型映射，使用默认模型：{}", model.upstream_name);
    options_.counts->model_fallbacks.Increment();
  }
  next.model = std::move(model);
  next.told =
      options_.digest->of(*next.request, next.abilities.stateless ? new_part::unanswered
                                                                  : new_part::newest_user_message);
  next.identity = identity_of(*next.request, next.told);
  const auto& named = next.request->session_id;
  if (!named.empty()) {
    next.match = session_match::explicit_id;
    give(named, t.tenant, true, std::move(next), std::move(reply));
  } else {
    place(std::move(next), t.tenant, std::move(reply));
  }
}

/// Why the upstream cannot be asked that.
std::optional<openai::error> registry_state::refusal(const openai::chat_request& r,
                                                     const upstream_abilities& abilities) const {
  if (!abilities.speaks_openai && r.objection)
    return r.objection;
  if (!abilities.demands && !r.demands.empty())
    return openai::error{error_code::unsupported_parameter, r.demands.front()};
  return std::nullopt;
}

void registry_state::give(const std::string& id, const std::string& tenant, bool stored, turn next,
                          reply_actor reply) {
  if (auto i = live_.find(id); i != live_.end()) {
    auto& known = i->second;
    auto others = known.info.tenant != tenant;
    if (others && !known.confirmed) {
      claim_later(known, {tenant, stored, std::move(next), std::move(reply)});
      return;
    }
    if (others || known.leaving) {
      refuse(reply, others ? error_code::session_not_found : error_code::session_deleted);
      return;
    }
  }
  auto& session = session_for(id, tenant, stored);
  unlist(session);
  if (next.match != session_match::explicit_id)
    list_newest(id, session, next.identity);
  ++session.turns;
  self_->send(session.handle, atom::turn_v, std::move(next), std::move(reply));
}

/// Nobody is in the way of a session's owner, who may be the one that asks later.
void registry_state::claim_later(live_session& session, claim c) {
  if (session.claims.size() > options_.session_queue)
    refuse(c.reply, busy_session());
  else
    session.claims.push_back(std::move(c));
}

/// It is known now whose a session is, or that it is not there.
void registry_state::decide(const std::string& id, std::vector<claim> claims) {
  for (auto& c : claims)
    give(id, c.tenant, c.stored, std::move(c.what), std::move(c.reply));
}

registry_state::live_session& registry_state::session_for(const std::string& id,
                                                          const std::string& tenant, bool stored) {
  auto [i, added] = live_.try_emplace(id);
  if (!added)
    return i->second;
  session_options o;
  o.id = id;
  o.tenant = tenant;
  o.stored = stored;
  o.store = options_.store;
  o.registry = self_;
  o.counts = options_.counts;
  o.digest = options_.digest;
  o.queue_limit = options_.session_queue;
  o.limits = options_.limits;
  o.idle_time = options_.session_idle;
  o.max_age = options_.session_max_age;
  auto& entry = i->second;
  entry.handle = self_->spawn<caf::monitored>(session, std::move(o));
  entry.info.id = id;
  entry.info.tenant = tenant;
  entry.info.created_at = recorded_now();
  ids_.emplace(entry.handle.id(), i->first);
  spdlog::debug("session {} is in memory", id);
  return entry;
}

/// Forgets a session in memory.
void registry_state::forget(live_map::iterator i) {
  unlist(i->second);
  ids_.erase(i->second.handle.id());
  auto id = i->first;
  auto claims = std::move(i->second.claims);
  live_.erase(i);
  decide(id, std::move(claims));
}

void registry_state::refuse(const reply_actor& reply, openai::error reason) {
  options_.counts->turn_failed(turn_outcome::refused, reason.code);
  self_->send(reply, atom::failed_v, std::move(reason));
}

void registry_state::changed(session_report report) {
  auto i = live_.find(report.info.id);
  if (i == live_.end())
    return;
  auto& session = i->second;
  if (!std::exchange(session.confirmed, true))
    decide(report.info.id, std::exchange(session.claims, {}));
  session.turns_reported = report.turns;
  session.rested = report.resting;
  session.info = std::move(report.info);
  if (session.turns != report.turns)
    return; // A turn that is on its way to the session goes before what it could be found for.
  unlist(session);
  if (session.leaving)
    return;
  list_by_tip(session.info.id, session, std::move(report.tip));
  list_by_identity(session.info.id, session, std::move(report.identity));
}

void registry_state::retire(const session_report& report) {
  auto i = live_.find(report.info.id);
  if (i == live_.end() || i->second.turns != report.turns || i->second.leaving)
    return; // A turn is on its way to it, or its end.
  spdlog::debug("session {} leaves memory", report.info.id);
  self_->send(i->second.handle, atom::retire_v);
  forget(i);
}

void registry_state::session_ended(const caf::actor_addr& source) {
  auto i = ids_.find(source.id());
  if (i == ids_.end())
    return;
  spdlog::error("session {} ended unexpectedly", i->second);
  if (auto session = live_.find(i->second); session != live_.end())
    forget(session);
  else
    ids_.erase(i);
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
      [self](model_aliases& aliases) { self->state.use(std::move(aliases)); },
      [self](atom::ready) { return self->state.ready(); },
      [self](atom::list, session_query& query) { return self->state.list(std::move(query)); },
      [self](atom::show, const std::string& id, const session_scope& scope) {
        return self->state.show(id, scope);
      },
      [self](atom::remove, const std::string& id, const session_scope& scope) {
        return self->state.remove(id, scope);
      },
      [self](atom::clear, const session_filter& filter) { return self->state.clear(filter); },
      [self](atom::changed, session_report& report) { self->state.changed(std::move(report)); },
      [self](atom::retire, const session_report& report) { self->state.retire(report); },
      [self](models_answer& answer) { self->state.take_models(std::move(answer)); },
  };
}

} // namespace nekod
