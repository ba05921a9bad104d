// The part of the registry that finds out with which session a turn goes on, where its client names
// none.

#include "actors/ids.hpp"
#include "actors/registry.hpp"
#include "protocol/openai/whole_messages.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace nekod {

namespace {

/// How long the store may take to find a conversation; a new session serves past it.
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

/// The session in memory that has the request of *next* already, if that may have been sent before;
/// else null.
const std::string* registry_state::repeated(const turn& next, const std::string& tenant) const {
  if (!next.request->retries.may_repeat())
    return nullptr;
  auto i = by_identity_.find({tenant, next.identity});
  return i == by_identity_.end() ? nullptr : &i->second;
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
    give(id, tenant, true, std::move(next), std::move(reply));
    return;
  }
  match_stored(std::move(next), tenant, *tip, std::move(reply));
}

void registry_state::match_stored(turn next, const std::string& tenant, const std::string& tip,
                                  reply_actor reply) {
  auto begin_new = [this, next, tenant, reply]() mutable {
    begin_session(std::move(next), tenant, std::move(reply));
  };
  self_->request(options_.store, match_timeout, atom::find_v, tenant, tip)
      .then(
          [this, next, tenant, reply, begin_new](session_lookup& found) mutable {
            // One in memory that is not listed by this tip has gone on meanwhile, or is about to.
            if (!found.found || live_.count(found.record.info.id) > 0) {
              begin_new();
              return;
            }
            next.match = session_match::transcript;
            give(found.record.info.id, tenant, true, std::move(next), std::move(reply));
          },
          [begin_new](const caf::error&) mutable {
            spdlog::error("the store did not say whose conversation a request goes on with");
            begin_new();
          });
}

void registry_state::begin_session(turn next, const std::string& tenant, reply_actor reply) {
  next.match = has_history(*next.request) ? session_match::seeded : session_match::fresh;
  give(make_session_id(), tenant, false, std::move(next), std::move(reply));
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
  by_identity_.emplace(std::pair{session.info.tenant, identity}, id);
  session.identity = std::move(identity);
}

void registry_state::unlist(live_session& session) {
  auto take_off = [&](std::multimap<tenant_key, std::string>& list, std::string word) {
    auto [begin, end] = list.equal_range({session.info.tenant, std::move(word)});
    auto i = std::find_if(begin, end, [&](const auto& e) { return e.second == session.info.id; });
    if (i != end)
      list.erase(i);
  };
  take_off(by_tip_, std::exchange(session.tip, {}));
  take_off(by_identity_, std::exchange(session.identity, {}));
}

} // namespace nekod
