// The part of the registry that finds the session with which a turn goes on.

#include "actors/registry/registry.hpp"
#include "actors/runtime/ids.hpp"
#include "actors/session/session.hpp"
#include "protocol/openai/chat/message_layout.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace nekod {

namespace {

using openai::error_code;

/// How long the store may take to find a conversation, or an answer; a new session serves past it.
constexpr std::chrono::seconds match_timeout{2};

/// The identity of a request: the same when it is sent again, and another for each that is merely
/// alike. Opening words that many clients may send are the same request only from the same sender.
std::string identity_of(const turn& t, const conversation_digest& digest) {
  const auto& r = *t.request;
  const auto from_anybody = r.retries.key.empty() && t.name.empty() && !t.told.tell_history();
  return digest.of_parts({t.told.asked, r.body, t.name, r.retries.key, t.scope,
                          from_anybody ? std::string_view{r.retries.sender} : std::string_view{}});
}

/// Whether a request says something before its new part.
bool has_history(const openai::chat_request& r) {
  const auto fresh = openai::layout_of(r.messages).fresh;
  return std::any_of(r.messages.begin(), r.messages.begin() + static_cast<std::ptrdiff_t>(fresh),
                     openai::says_something);
}

} // namespace

/// Gives a turn to the session that its client named, or finds one. The client's header field names
/// a session that there is; any other value is a scope.
void registry_state::name_or_scope(turn next, const std::string& tenant, reply_actor reply) {
  const auto& r = *next.request;
  next.name = r.session_id;
  const auto& header = r.session_header;
  if (header.empty())
    return find_session(std::move(next), tenant, std::move(reply));
  next.scope = options_.digest->of_name(header);
  if (!next.name.empty() || !openai::valid_session_id(header))
    return find_session(std::move(next), tenant, std::move(reply));
  if (live_.contains({tenant, header})) {
    next.name = header;
    return find_session(std::move(next), tenant, std::move(reply));
  }
  session_view own;
  own.tenant = tenant;
  self_->request(options_.store, match_timeout, atom::show_v, header, std::move(own))
      .then(
          [this, next, tenant, reply](const session_finding& found) mutable {
            // It may have begun meanwhile.
            const auto& named = next.request->session_header;
            if (found.found || live_.contains({tenant, named}))
              next.name = named;
            else
              say_what_scopes_are();
            find_session(std::move(next), tenant, std::move(reply));
          },
          [this, reply](const caf::error&) {
            spdlog::error("the store did not say whether a request names a session");
            refuse(reply, {error_code::store_unavailable, {}, "it did not answer"});
          });
}

/// Tells once how to have back what the header field meant in 1.0.0.
void registry_state::say_what_scopes_are() {
  if (!std::exchange(said_what_scopes_are_, true))
    spdlog::info(
        "a request's X-Session-Id names no session here, so it groups requests and does not "
        "join them; --session-header name has it name sessions as in 1.0.0");
}

void registry_state::find_session(turn next, const std::string& tenant, reply_actor reply) {
  if (next.name.empty()) {
    next.identity = identity_of(next, *options_.digest);
    place(std::move(next), tenant, std::move(reply));
  } else {
    take_named(std::move(next), tenant, std::move(reply));
  }
}

void registry_state::take_named(turn next, const std::string& tenant, reply_actor reply) {
  // A name says more than the scope it comes with.
  if (next.request->session_id.empty())
    next.scope.clear();
  next.identity = identity_of(next, *options_.digest);
  next.match = session_match::explicit_id;
  const session_key key{tenant, next.name};
  give(key, true, std::move(next), std::move(reply));
}

/// Finds the session of a turn whose client names none.
void registry_state::place(turn next, const std::string& tenant, reply_actor reply) {
  if (!next.request->retries.may_repeat()) {
    match_or_begin(std::move(next), tenant, std::move(reply));
  } else if (const auto* key = repeated(next, tenant)) {
    next.match = session_match::repeated;
    give(session_key{*key}, true, std::move(next), std::move(reply));
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
const session_key* registry_state::repeated(const turn& next, const std::string& tenant) const {
  auto i = by_identity_.find({tenant, next.identity});
  return i == by_identity_.end() ? nullptr : &i->second;
}

/// Asks the store whether the request of *next* was answered by a session that is not in memory.
void registry_state::find_answer(turn next, const std::string& tenant, reply_actor reply) {
  placing_.try_emplace(tenant_key{tenant, next.identity});
  self_->request(options_.store, match_timeout, atom::answered_v, tenant, next.identity)
      .then(
          [this, next, tenant, reply](session_lookup& found) mutable {
            const session_key key{found.record.info};
            // One that is in memory, and not listed by the request, has forgotten it.
            if (!found.found || live_.contains(key)) {
              match_or_begin(std::move(next), tenant, std::move(reply));
              return;
            }
            next.match = session_match::repeated;
            assign(key, true, std::move(next), std::move(reply));
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

/// Goes on with the session whose conversation the request tells, in memory or in the store, or
/// begins a new one.
void registry_state::match(turn next, const std::string& tenant, reply_actor reply) {
  if (!next.told.tell_history() || is_aside(*next.request)) {
    begin_session(std::move(next), tenant, std::move(reply));
    return;
  }
  const session_tip tip{tenant, next.scope, next.told.before};
  if (auto i = by_tip_.find(tip); i != by_tip_.end()) {
    next.match = session_match::transcript;
    const auto key = i->second;
    assign(key, true, std::move(next), std::move(reply));
    return;
  }
  match_stored(std::move(next), tip, std::move(reply));
}

void registry_state::match_stored(turn next, const session_tip& tip, reply_actor reply) {
  auto begin_new = [this, next, tenant = tip.tenant, reply]() mutable {
    begin_session(std::move(next), tenant, std::move(reply));
  };
  placing_.try_emplace(tenant_key{tip.tenant, next.identity});
  self_->request(options_.store, match_timeout, atom::find_v, tip)
      .then(
          [this, next, reply, begin_new](session_lookup& found) mutable {
            const session_key key{found.record.info};
            // One in memory that is not listed by this tip has gone on meanwhile, or is about to.
            if (!found.found || live_.contains(key)) {
              begin_new();
              return;
            }
            next.match = session_match::transcript;
            assign(key, true, std::move(next), std::move(reply));
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
  assign({tenant, make_session_id()}, false, std::move(next), std::move(reply));
}

/// Gives a turn to the session that it was found to belong to; those that may be the same again are
/// told where that is.
void registry_state::assign(const session_key& key, bool stored, turn next, reply_actor reply) {
  auto equal = placing_.extract(tenant_key{key.tenant, next.identity});
  give(key, stored, std::move(next), std::move(reply));
  if (equal.empty())
    return;
  for (auto& t : equal.mapped())
    place(std::move(t.what), key.tenant, std::move(t.reply));
}

void registry_state::list_by_tip(live_session& session, std::string scope, std::string tip) {
  if (tip.empty())
    return;
  by_tip_.emplace(session_tip{session.info.tenant, scope, tip}, session_key{session.info});
  session.scope = std::move(scope);
  session.tip = std::move(tip);
}

void registry_state::list_by_identity(live_session& session, std::string identity) {
  if (identity.empty())
    return;
  by_identity_.emplace(tenant_key{session.info.tenant, identity}, session_key{session.info});
  session.identity = std::move(identity);
}

/// Before an older session that has an equal request: that one's client has its answer.
void registry_state::list_newest(live_session& session, const std::string& identity) {
  by_identity_.insert_or_assign({session.info.tenant, identity}, session_key{session.info});
  session.identity = identity;
}

void registry_state::unlist(live_session& session) {
  const session_key key{session.info};
  auto [begin, end] = by_tip_.equal_range(
      {key.tenant, std::exchange(session.scope, {}), std::exchange(session.tip, {})});
  if (auto i = std::find_if(begin, end, [&](const auto& e) { return e.second == key; }); i != end)
    by_tip_.erase(i);
  auto equal = by_identity_.find({key.tenant, std::exchange(session.identity, {})});
  if (equal != by_identity_.end() && equal->second == key)
    by_identity_.erase(equal);
}

} // namespace nekod
