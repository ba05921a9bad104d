// What the registry does with sessions and their records alike: lists, shows and deletes them,
// whether they are in memory, in the store, or both.

#include "actors/registry.hpp"
#include "actors/session.hpp"

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
    if (!session.confirmed || !query.scope.has(info))
      continue;
    result.ids.insert(info.id);
    if (session.leaving)
      continue;
    if (info.turns == 0)
      query.unrecorded.push_back(info.id);
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

caf::result<session_finding> registry_state::show(const std::string& id,
                                                  const session_scope& scope) {
  session_finding finding;
  if (auto i = live_.find(id); i != live_.end() && i->second.confirmed) {
    finding.found = !i->second.leaving && scope.has(i->second.info);
    if (finding.found)
      finding.info = i->second.info;
    return finding;
  }
  auto promise = self_->make_response_promise<session_finding>();
  self_->request(options_.store, store_timeout, atom::load_v, id)
      .then(
          [promise, scope](session_lookup& stored) mutable {
            session_finding result;
            result.found = stored.found && scope.has(stored.record.info);
            if (result.found)
              result.info = std::move(stored.record.info);
            promise.deliver(std::move(result));
          },
          [promise](caf::error& e) mutable { promise.deliver(std::move(e)); });
  return promise;
}

// -- to delete -----------------------------------------------------------------------------------

caf::result<bool> registry_state::remove(const std::string& id, const session_scope& scope) {
  auto promise = self_->make_response_promise<bool>();
  end_all(in_memory(id, scope), [this, promise, id, scope](const deletion& all) mutable {
    if (all.fault)
      promise.deliver(all.fault);
    else if (all.deleted > 0)
      promise.deliver(true);
    else
      promise.delegate(options_.store, atom::remove_v, id, scope);
  });
  return promise;
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

/// The one of that id, if there is one and it lies in *scope*.
std::vector<registry_state::live_map::iterator>
registry_state::in_memory(const std::string& id, const session_scope& scope) {
  auto i = live_.find(id);
  if (i == live_.end() || i->second.leaving || !scope.has(i->second.info))
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
    if (!session.leaving && filter.scope.has(session.info) && !is_meant(session, filter))
      filter.spared.insert(session.info.id);
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
  ids_.erase(session.handle.id()); // Its end is not unexpected.
  // Behind its answer the store has all that it ever wrote.
  self_->request(session.handle, caf::infinite, atom::discard_v)
      .then([this, i, all](atom::discard) { remove_record(i, all); },
            [this, i, all](const caf::error&) { remove_record(i, all); });
}

void registry_state::remove_record(live_map::iterator i, const std::shared_ptr<deletion>& all) {
  session_scope own;
  own.tenant = i->second.info.tenant;
  self_->request(options_.store, store_timeout, atom::remove_v, i->first, std::move(own))
      .then([this, i, all](bool recorded) { ended(i, *all, recorded); },
            [this, i, all](caf::error& e) {
              spdlog::error("session {} was ended, but its record could not be removed", i->first);
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
