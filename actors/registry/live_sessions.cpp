#include "actors/registry/live_sessions.hpp"

#include <algorithm>
#include <utility>

namespace nekod {

namespace {

bool is_meant(const live_session& session, const session_filter& filter) {
  return filter.has(session.info) && (!filter.used_before || session.is_at_rest());
}

} // namespace

// -- to find one ---------------------------------------------------------------------------------

const live_session* live_sessions::find(const session_key& key) const {
  auto i = sessions_.find(key);
  return i == sessions_.end() ? nullptr : &i->second;
}

std::optional<session_key> live_sessions::with_tip(const session_tip& tip) const {
  auto i = by_tip_.find(tip);
  return i == by_tip_.end() ? std::nullopt : std::optional{i->second};
}

bool live_sessions::rests_after(const session_key& key, const std::string& response) const {
  const auto* s = find(key);
  return s != nullptr && s->has_reported && s->turns_reported == s->turns && !s->leaving &&
         s->info.newest_response == response;
}

std::optional<session_key> live_sessions::with_request(const std::string& tenant,
                                                       const std::string& identity) const {
  auto i = by_request_.find({tenant, identity});
  return i == by_request_.end() ? std::nullopt : std::optional{i->second};
}

std::optional<session_key> live_sessions::of_actor(caf::actor_id actor) const {
  auto i = by_actor_.find(actor);
  return i == by_actor_.end() ? std::nullopt : std::optional{i->second};
}

std::optional<session_key> live_sessions::of_token(const session_token& token) const {
  const auto i = std::find_if(sessions_.begin(), sessions_.end(), [&](const auto& entry) {
    return entry.second.token == token && !entry.second.leaving;
  });
  return i == sessions_.end() ? std::nullopt : std::optional{i->first};
}

// -- to change them ------------------------------------------------------------------------------

void live_sessions::add(const session_key& key, session_actor handle, caf::actor_id actor,
                        std::chrono::system_clock::time_point now, session_token token) {
  auto& session = sessions_[key];
  session.handle = std::move(handle);
  session.actor = actor;
  session.token = std::move(token);
  session.info.id = key.id;
  session.info.tenant = key.tenant;
  session.info.created_at = now;
  by_actor_.emplace(actor, key);
}

void live_sessions::give_turn(const session_key& key, const turn& t) {
  auto& session = sessions_.at(key);
  unindex(session);
  // A turn that names its session is found by that name. Among equal requests, a client that
  // repeats one means the newest: it has the answers to the others.
  if (t.match != session_match::explicit_id) {
    by_request_.insert_or_assign({key.tenant, t.identity}, key);
    session.identity = t.identity;
  }
  ++session.turns;
}

void live_sessions::give_edit(const session_key& key) {
  auto& session = sessions_.at(key);
  unindex(session);
  ++session.turns;
}

void live_sessions::take_report(session_report report) {
  const session_key key{report.info};
  auto i = sessions_.find(key);
  if (i == sessions_.end())
    return;
  auto& session = i->second;
  session.has_reported = true;
  session.turns_reported = report.turns;
  session.rested = report.resting;
  session.info = std::move(report.info);
  if (session.turns != report.turns)
    return;
  unindex(session);
  if (session.leaving)
    return;
  if (report.tip.is_known())
    index_tip(session, {key.tenant, std::move(report.scope), report.tip.digest()});
  if (report.identity.empty())
    return;
  by_request_.emplace(request_key{key.tenant, report.identity}, key);
  session.identity = std::move(report.identity);
}

bool live_sessions::may_retire(const session_report& report) const {
  const auto* session = find(session_key{report.info});
  return session != nullptr && session->turns == report.turns && !session->leaving;
}

void live_sessions::start_deletion(const session_key& key) {
  auto& session = sessions_.at(key);
  session.leaving = true;
  unindex(session);
  by_actor_.erase(session.actor);
}

void live_sessions::forget(const session_key& key) {
  auto i = sessions_.find(key);
  if (i == sessions_.end())
    return;
  unindex(i->second);
  by_actor_.erase(i->second.actor);
  sessions_.erase(i);
}

void live_sessions::index_tip(live_session& session, session_tip tip) {
  by_tip_.emplace(tip, session_key{session.info});
  session.tip = std::move(tip);
}

void live_sessions::unindex(live_session& session) {
  const session_key key{session.info};
  auto [begin, end] = by_tip_.equal_range(std::exchange(session.tip, {}));
  if (auto i = std::find_if(begin, end, [&](const auto& e) { return e.second == key; }); i != end)
    by_tip_.erase(i);
  auto equal = by_request_.find({key.tenant, std::exchange(session.identity, {})});
  if (equal != by_request_.end() && equal->second == key)
    by_request_.erase(equal);
}

// -- questions about many ------------------------------------------------------------------------

live_listing live_sessions::list(session_query& query) const {
  live_listing result;
  std::vector<const session_info*> behind;
  for (const auto& [key, session] : sessions_) {
    const auto& info = session.info;
    if (!session.has_reported || !query.view.has(info))
      continue;
    result.keys.insert(key);
    if (session.leaving)
      continue;
    if (info.turns == 0)
      query.unrecorded.push_back(key);
    if (!query.after || *query.after < info.place())
      behind.push_back(&info);
  }
  // One more than fits on the page shows whether there is a next page.
  auto most = std::min(behind.size(), query.limit + 1);
  auto end = behind.begin() + static_cast<std::ptrdiff_t>(most);
  std::partial_sort(behind.begin(), end, behind.end(),
                    [](const auto* a, const auto* b) { return a->place() < b->place(); });
  std::for_each(behind.begin(), end, [&](const auto* s) { result.sessions.push_back(*s); });
  return result;
}

const session_info* live_sessions::show(const std::string& id, const session_view& view) const {
  auto is_shown = [&](const auto& entry) {
    const auto& session = entry.second;
    return entry.first.id == id && session.has_reported && !session.leaving &&
           view.has(session.info);
  };
  auto own = sessions_.find({view.tenant, id});
  if (own != sessions_.end() && is_shown(*own))
    return &own->second.info;
  auto any =
      view.all ? std::find_if(sessions_.begin(), sessions_.end(), is_shown) : sessions_.end();
  return any == sessions_.end() ? nullptr : &any->second.info;
}

const session_info* live_sessions::with_conversation(const conversation_query& query) const {
  for (auto i = sessions_.lower_bound({query.tenant, {}});
       i != sessions_.end() && i->first.tenant == query.tenant; ++i) {
    const auto& session = i->second;
    if (session.has_reported && !session.leaving && session.info.conversation == query.id)
      return &session.info;
  }
  return nullptr;
}

std::vector<session_key> live_sessions::meant_by(const session_filter& filter) const {
  std::vector<session_key> result;
  for (const auto& [key, session] : sessions_)
    if (!session.leaving && is_meant(session, filter))
      result.push_back(key);
  return result;
}

void live_sessions::spare(session_filter& filter) const {
  for (const auto& [key, session] : sessions_)
    if (!session.leaving && filter.view.has(session.info) && !is_meant(session, filter))
      filter.spared.insert(key);
}

std::vector<session_actor> live_sessions::actors() const {
  std::vector<session_actor> result;
  for (const auto& [key, session] : sessions_)
    result.push_back(session.handle);
  return result;
}

} // namespace nekod
