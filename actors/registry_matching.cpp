// The part of the registry that finds out with which session a turn goes on, where its client names
// none.

#include "actors/ids.hpp"
#include "actors/registry.hpp"
#include "actors/session.hpp"
#include "protocol/openai/whole_messages.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace nekod {

namespace {

/// How long the store may take to find a conversation, or an answer; a new session serves past it.
constexpr std::chrono::seconds match_timeout{2};

/// Whether a request says more than its newest user text.
bool has_history(const openai::chat_request& r) {
  auto newest = openai::newest_user_message(r);
  for (std::size_t i = 0; i < r.messages.size(); ++i)
    if (i != newest && openai::says_something(r.messages[i]))
      return true;
  return false;
}

} // namespace

/// Finds the session of a turn whose client names none.
void registry_state::place(turn next, const std::string& tenant, reply_actor reply) {
  if (!next.request->retries.may_repeat()) {
    match_or_begin(std::move(next), tenant, std::move(reply));
  } else if (const auto* id = repeated(next, tenant)) {
    next.match = session_match::repeated;
    give(std::string{*id}, tenant, true, std::move(next), std::move(reply));
  } else if (!wait_for_equal(next, tenant, reply)) {
    find_answer(std::move(next), tenant, std::move(reply));
  }
}

/// Keeps a request that may be one again of which it is not known yet where it goes; says whether
/// it is one.
bool registry_state::wait_for_equal(turn& next, const std::string& tenant, reply_actor& reply) {
  auto first = placing_.find({tenant, next.identity});
  if (first == placing_.end())
    return false;
  if (first->second.size() > options_.session_queue)
    refuse(reply, busy_session());
  else
    first->second.push_back({std::move(next), std::move(reply)});
  return true;
}

/// The session in memory that has the request of *next* already; else null.
const std::string* registry_state::repeated(const turn& next, const std::string& tenant) const {
  auto i = by_identity_.find({tenant, next.identity});
  return i == by_identity_.end() ? nullptr : &i->second;
}

/// Asks the store whether the request of *next* was answered by a session that is not in memory.
void registry_state::find_answer(turn next, const std::string& tenant, reply_actor reply) {
  placing_.try_emplace(tenant_key{tenant, next.identity});
  self_->request(options_.store, match_timeout, atom::answered_v, tenant, next.identity)
      .then(
          [this, next, tenant, reply](session_lookup& found) mutable {
            const auto& id = found.record.info.id;
            // One that is in memory, and not listed by the request, has forgotten it.
            if (!found.found || live_.count(id) > 0) {
              match_or_begin(std::move(next), tenant, std::move(reply));
              return;
            }
            next.match = session_match::repeated;
            assign(id, tenant, true, std::move(next), std::move(reply));
          },
          [this, next, tenant, reply](const caf::error&) mutable {
            spdlog::error("the store did not say whether a request was answered before");
            match_or_begin(std::move(next), tenant, std::move(reply));
          });
}

void registry_state::match_or_begin(turn next, const std::string& tenant, reply_actor reply) {
  if (options_.matching)
    match(std::move(next), tenant, std::move(reply));
  else
    begin_session(std::move(next), tenant, std::move(reply));
}

/// The tip of the session that a turn may go on with, by what its request tells.
std::optional<std::string> registry_state::tip_before(const turn& next) {
  const auto& request = *next.request;
  if ((!next.abilities.stateless && !has_answers(request)) || is_aside(request))
    return std::nullopt;
  return next.told.before;
}

/// Goes on with the session whose conversation the request tells, in memory or in the store, or
/// begins a new one.
void registry_state::match(turn next, const std::string& tenant, reply_actor reply) {
  auto tip = tip_before(next);
  if (!tip) {
    begin_session(std::move(next), tenant, std::move(reply));
    return;
  }
  if (auto i = by_tip_.find({tenant, *tip}); i != by_tip_.end()) {
    next.match = session_match::transcript;
    auto id = i->second;
    assign(id, tenant, true, std::move(next), std::move(reply));
    return;
  }
  match_stored(std::move(next), tenant, *tip, std::move(reply));
}

void registry_state::match_stored(turn next, const std::string& tenant, const std::string& tip,
                                  reply_actor reply) {
  auto begin_new = [this, next, tenant, reply]() mutable {
    begin_session(std::move(next), tenant, std::move(reply));
  };
  placing_.try_emplace(tenant_key{tenant, next.identity});
  self_->request(options_.store, match_timeout, atom::find_v, tenant, tip)
      .then(
          [this, next, tenant, reply, begin_new](session_lookup& found) mutable {
            // One in memory that is not listed by this tip has gone on meanwhile, or is about to.
            if (!found.found || live_.count(found.record.info.id) > 0) {
              begin_new();
              return;
            }
            next.match = session_match::transcript;
            assign(found.record.info.id, tenant, true, std::move(next), std::move(reply));
          },
          [begin_new](const caf::error&) mutable {
            spdlog::error("the store did not say whose conversation a request goes on with");
            begin_new();
          });
}

void registry_state::begin_session(turn next, const std::string& tenant, reply_actor reply) {
  next.match = has_history(*next.request) ? session_match::seeded : session_match::fresh;
  // One that is said anew elsewhere may have been answered before.
  if (next.match == session_match::seeded && next.request->retries.count)
    self_->send(options_.store, atom::forget_v, tenant, next.identity);
  assign(make_session_id(), tenant, false, std::move(next), std::move(reply));
}

/// Gives a turn to the session that it was found to belong to; those that may be the same again are
/// told where that is.
void registry_state::assign(const std::string& id, const std::string& tenant, bool stored,
                            turn next, reply_actor reply) {
  auto equal = placing_.extract(tenant_key{tenant, next.identity});
  give(id, tenant, stored, std::move(next), std::move(reply));
  if (equal.empty())
    return;
  for (auto& t : equal.mapped())
    place(std::move(t.what), tenant, std::move(t.reply));
}

void registry_state::list_by_tip(const std::string& id, live_session& session, std::string tip) {
  if (tip.empty())
    return;
  by_tip_.emplace(std::pair{session.info.tenant, tip}, id);
  session.tip = std::move(tip);
}

void registry_state::list_by_identity(const std::string& id, live_session& session,
                                      std::string identity) {
  if (identity.empty())
    return;
  by_identity_.emplace(tenant_key{session.info.tenant, identity}, id);
  session.identity = std::move(identity);
}

/// Before an older session that has an equal request: that one's client has its answer.
void registry_state::list_newest(const std::string& id, live_session& session,
                                 const std::string& identity) {
  by_identity_.insert_or_assign({session.info.tenant, identity}, id);
  session.identity = identity;
}

void registry_state::unlist(live_session& session) {
  const auto& id = session.info.id;
  const auto& tenant = session.info.tenant;
  auto [begin, end] = by_tip_.equal_range({tenant, std::exchange(session.tip, {})});
  if (auto i = std::find_if(begin, end, [&](const auto& e) { return e.second == id; }); i != end)
    by_tip_.erase(i);
  auto equal = by_identity_.find({tenant, std::exchange(session.identity, {})});
  if (equal != by_identity_.end() && equal->second == id)
    by_identity_.erase(equal);
}

} // namespace nekod
