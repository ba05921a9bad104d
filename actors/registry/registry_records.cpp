// What the registry does with sessions and their records alike: lists, shows and deletes them,
// whether they are in memory, in the store, or both.

#include "actors/registry/registry.hpp"
#include "actors/session/session.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace nekod {

namespace {

constexpr std::chrono::seconds store_timeout{10};

/// A deletion of many goes in steps between which turns have theirs.
constexpr std::chrono::minutes clear_timeout{30};

} // namespace

// -- to look -------------------------------------------------------------------------------------

caf::result<openai::session_page> registry_state::list(session_query query) {
  auto promise = self_->make_response_promise<openai::session_page>();
  auto live = live_for(query);
  auto limit = query.limit;
  self_->request(options_.store, store_timeout, atom::list_v, std::move(query))
      .then(
          [promise, live, limit](openai::session_page& records) mutable {
            promise.deliver(merge(std::move(records), std::move(live), limit));
          },
          [promise](caf::error& e) mutable { promise.deliver(std::move(e)); });
  return promise;
}

/// Of a session whose tenant is not sure, its record speaks, if it has one.
live_sessions registry_state::live_for(session_query& query) const {
  live_sessions result;
  std::vector<const openai::session_info*> behind;
  for (const auto& [key, session] : live_) {
    const auto& info = session.info;
    if (!session.confirmed || !query.view.has(info))
      continue;
    result.keys.insert(key);
    if (session.leaving)
      continue;
    if (info.turns == 0)
      query.unrecorded.push_back(key);
    if (!query.after || *query.after < info.place())
      behind.push_back(&info);
  }
  // One more than asked for tells whether there are more.
  auto most = std::min(behind.size(), query.limit + 1);
  auto end = behind.begin() + static_cast<std::ptrdiff_t>(most);
  std::partial_sort(behind.begin(), end, behind.end(),
                    [](const auto* a, const auto* b) { return a->place() < b->place(); });
  std::for_each(behind.begin(), end, [&](const auto* s) { result.sessions.push_back(*s); });
  return result;
}

caf::result<session_finding> registry_state::show(const std::string& id, const session_view& view) {
  auto promise = self_->make_response_promise<session_finding>();
  find(id, view, [promise](caf::expected<session_finding> found) mutable {
    if (found)
      promise.deliver(std::move(*found));
    else
      promise.deliver(std::move(found.error()));
  });
  return promise;
}

/// Finds a session of that id in that view, in memory or in the store.
void registry_state::find(const std::string& id, const session_view& view,
                          const finding_handler& then) {
  auto found_live = [](const openai::session_info* info) {
    session_finding result;
    result.found = info != nullptr;
    if (info != nullptr)
      result.info = *info;
    return result;
  };
  session_view own;
  own.tenant = view.tenant;
  if (const auto* info = live_info(id, own))
    return then(found_live(info));
  self_->request(options_.store, store_timeout, atom::show_v, id, view)
      .then(
          [this, id, view, then, found_live](session_finding& stored) {
            auto i = live_.find(session_key{stored.info});
            if (!stored.found || (i != live_.end() && i->second.leaving))
              then(found_live(live_info(id, view)));
            else
              then(i == live_.end() ? std::move(stored) : found_live(&i->second.info));
          },
          [then](caf::error& e) { then(std::move(e)); });
}

/// The info of a session in memory of that id in that view; null where there is none whose record
/// is known.
const openai::session_info* registry_state::live_info(const std::string& id,
                                                      const session_view& view) const {
  auto knows = [&](const auto& entry) {
    const auto& session = entry.second;
    return entry.first.id == id && session.confirmed && !session.leaving && view.has(session.info);
  };
  auto own = live_.find({view.tenant, id});
  if (own != live_.end() && knows(*own))
    return &own->second.info;
  auto any = view.all ? std::find_if(live_.begin(), live_.end(), knows) : live_.end();
  return any == live_.end() ? nullptr : &any->second.info;
}

// -- to delete -----------------------------------------------------------------------------------

caf::result<bool> registry_state::remove(const std::string& id, const session_view& view) {
  auto promise = self_->make_response_promise<bool>();
  if (!view.all || live_.contains({view.tenant, id})) {
    remove(session_key{view.tenant, id}, promise);
    return promise;
  }
  find(id, view, [this, promise](caf::expected<session_finding> found) mutable {
    if (!found)
      promise.deliver(found.error());
    else if (!found->found)
      promise.deliver(false);
    else
      remove(session_key{found->info}, promise);
  });
  return promise;
}

void registry_state::remove(const session_key& key, caf::typed_response_promise<bool> promise) {
  end_all(in_memory(key), [this, promise, key](const deletion& all) mutable {
    if (all.fault)
      promise.deliver(all.fault);
    else if (all.deleted > 0)
      promise.deliver(true);
    else
      promise.delegate(options_.store, atom::remove_v, key);
  });
}

caf::result<std::uint64_t> registry_state::clear(const session_filter& filter) {
  auto promise = self_->make_response_promise<std::uint64_t>();
  end_all(in_memory(filter), [this, promise, filter](const deletion& all) mutable {
    if (all.fault)
      promise.deliver(all.fault);
    else
      clear_records(filter, all.deleted, promise);
  });
  return promise;
}

/// The records of what is not in memory, then once more what came there meanwhile: it had a record
/// that was counted.
void registry_state::clear_records(const session_filter& filter, std::uint64_t deleted,
                                   caf::typed_response_promise<std::uint64_t> promise) {
  auto for_records = filter;
  spare_live(for_records);
  self_->request(options_.store, clear_timeout, atom::clear_v, std::move(for_records))
      .then(
          [this, promise, filter, deleted](std::uint64_t more) mutable {
            end_all(in_memory(filter), [promise, deleted, more](const deletion& late) mutable {
              if (late.fault)
                promise.deliver(late.fault);
              else
                promise.deliver(deleted + more);
            });
          },
          [promise](caf::error& e) mutable { promise.deliver(std::move(e)); });
}

std::vector<registry_state::live_map::iterator> registry_state::in_memory(const session_key& key) {
  auto i = live_.find(key);
  if (i == live_.end() || i->second.leaving)
    return {};
  return {i};
}

std::vector<registry_state::live_map::iterator>
registry_state::in_memory(const session_filter& filter) {
  std::vector<live_map::iterator> result;
  for (auto i = live_.begin(); i != live_.end(); ++i)
    if (!i->second.leaving && is_meant(i->second, filter))
      result.push_back(i);
  return result;
}

/// Who is at work is not idle, however long ago its last turn began.
bool registry_state::is_meant(const live_session& session, const session_filter& filter) {
  return filter.has(session.info) && (!filter.used_before || session.is_at_rest());
}

/// What a session in memory says goes before what its record does.
void registry_state::spare_live(session_filter& filter) const {
  for (const auto& [key, session] : live_)
    if (!session.leaving && filter.view.has(session.info) && !is_meant(session, filter))
      filter.spared.insert(key);
}

/// Ends sessions and removes their records; calls *then* when that is done for all of them.
void registry_state::end_all(const std::vector<live_map::iterator>& doomed,
                             std::function<void(const deletion&)> then) {
  auto all = std::make_shared<deletion>();
  all->left = doomed.size();
  all->then = std::move(then);
  if (doomed.empty())
    all->then(*all);
  for (auto i : doomed)
    end(i, all);
}

void registry_state::end(live_map::iterator i, const std::shared_ptr<deletion>& all) {
  auto& session = i->second;
  session.leaving = true;
  unlist(session);
  keys_.erase(session.handle.id()); // Its end is not unexpected.
  // Behind its answer the store has all that it ever wrote.
  self_->request(session.handle, caf::infinite, atom::discard_v)
      .then([this, i, all](atom::discard) { remove_record(i, all); },
            [this, i, all](const caf::error&) { remove_record(i, all); });
}

void registry_state::remove_record(live_map::iterator i, const std::shared_ptr<deletion>& all) {
  self_->request(options_.store, store_timeout, atom::remove_v, i->first)
      .then([this, i, all](bool recorded) { ended(i, *all, recorded); },
            [this, i, all](caf::error& e) {
              spdlog::error("session {} was ended, but its record could not be removed",
                            i->first.id);
              all->fault = std::move(e);
              ended(i, *all, false);
            });
}

void registry_state::ended(live_map::iterator i, deletion& all, bool recorded) {
  all.deleted += i->second.confirmed || recorded ? 1 : 0;
  forget(i);
  if (--all.left == 0)
    all.then(all);
}

} // namespace nekod
