#include "actors/resumption/kept_answers.hpp"

#include <caf/send.hpp>

#include <vector>

namespace nekod {

std::string kept_answers::retry_key(std::string_view tenant, std::string_view key,
                                    std::string_view body) const {
  return key.empty() || !digest_ ? std::string{} : digest_->of_parts({tenant, key, body});
}

bool kept_answers::add(const response_key& key, const std::string& request, kept_entry entry,
                       std::size_t bytes) {
  std::vector<std::function<void()>> forgotten;
  auto added = false;
  {
    std::lock_guard guard{mutex_};
    kept k;
    k.entry = std::move(entry);
    k.request = request;
    k.held = byte_budget::for_kept(budget_);
    added = !all_.contains(key) && make_room(k, bytes, forgotten);
    if (added) {
      running_ += k.entry.background ? 1 : 0;
      all_.emplace(key, std::move(k));
      if (!request.empty())
        by_retry_key_.insert_or_assign(request, key);
    }
  }
  for (const auto& forget : forgotten)
    forget();
  return added;
}

bool kept_answers::rename(const response_key& from, const response_key& to) {
  std::lock_guard guard{mutex_};
  const auto i = all_.find(from);
  if (i == all_.end() || all_.contains(to))
    return false;
  auto node = take(i);
  if (node.mapped().end != 0)
    ended_.emplace(node.mapped().end, to);
  if (!node.mapped().request.empty())
    by_retry_key_.insert_or_assign(node.mapped().request, to);
  if (const auto s = session_entry(from, node.mapped()); s != by_session_.end())
    s->second = to;
  node.key() = to;
  all_.insert(std::move(node));
  return true;
}

void kept_answers::update(const response_key& key, const std::function<void(kept_entry&)>& f) {
  std::lock_guard guard{mutex_};
  if (const auto i = all_.find(key); i != all_.end())
    f(i->second.entry);
}

std::optional<kept_entry> kept_answers::find(const response_key& key) const {
  std::lock_guard guard{mutex_};
  const auto i = all_.find(key);
  return i == all_.end() ? std::nullopt : std::optional{i->second.entry};
}

std::optional<kept_entry> kept_answers::find_by_retry_key(const std::string& request) const {
  std::lock_guard guard{mutex_};
  const auto i = by_retry_key_.find(request);
  return i == by_retry_key_.end() ? std::nullopt : std::optional{all_.at(i->second).entry};
}

void kept_answers::begun_in(const session_key& session, const response_key& key) {
  std::lock_guard guard{mutex_};
  const auto i = all_.find(key);
  if (i == all_.end() || !i->second.entry.recorder || i->second.end != 0)
    return;
  i->second.session = session;
  by_session_.insert_or_assign(session, key);
}

std::optional<std::string> kept_answers::running_in(const session_key& session) const {
  std::lock_guard guard{mutex_};
  const auto i = by_session_.find(session);
  return i == by_session_.end() ? std::nullopt : std::optional{i->second.id};
}

bool kept_answers::resize(const response_key& key, std::size_t bytes) {
  std::vector<std::function<void()>> forgotten;
  auto fits = true;
  {
    std::lock_guard guard{mutex_};
    if (const auto i = all_.find(key); i != all_.end())
      fits = make_room(i->second, bytes, forgotten);
  }
  for (const auto& forget : forgotten)
    forget();
  return fits;
}

void kept_answers::ended(const response_key& key) {
  std::lock_guard guard{mutex_};
  const auto i = all_.find(key);
  if (i == all_.end() || i->second.end != 0)
    return;
  count_end(i->first, i->second);
  i->second.end = ++last_end_;
  ended_.emplace(last_end_, key);
}

void kept_answers::remove(const response_key& key) {
  std::lock_guard guard{mutex_};
  const auto i = all_.find(key);
  if (i == all_.end())
    return;
  count_end(i->first, i->second);
  take(i);
}

bool kept_answers::forget_oldest() {
  map::node_type oldest;
  {
    std::lock_guard guard{mutex_};
    if (ended_.empty())
      return false;
    oldest = take_oldest();
  }
  if (const auto& forget = oldest.mapped().entry.forget)
    forget();
  return true;
}

std::size_t kept_answers::count() const {
  std::lock_guard guard{mutex_};
  return all_.size();
}

void kept_answers::stop() {
  map all;
  {
    std::lock_guard guard{mutex_};
    all.swap(all_);
    by_retry_key_.clear();
    by_session_.clear();
    ended_.clear();
    running_ = 0;
  }
  for (auto& [key, k] : all)
    if (k.entry.who)
      caf::anon_send_exit(k.entry.who, caf::exit_reason::user_shutdown);
}

// -- with the lock held --------------------------------------------------------------------------

/// Resizes the share of *k*, and makes room for it if necessary.
/// @param forgotten Gets what has to be called without the lock.
bool kept_answers::make_room(kept& k, std::size_t bytes,
                             std::vector<std::function<void()>>& forgotten) {
  while (!k.held.resize(bytes)) {
    // One that has ended grows no more, so *k* is not among them.
    if (ended_.empty())
      return false;
    auto oldest = take_oldest();
    if (oldest.mapped().entry.forget)
      forgotten.push_back(std::move(oldest.mapped().entry.forget));
  }
  return true;
}

/// The answer runs no more.
void kept_answers::count_end(const response_key& key, const kept& k) {
  if (const auto s = session_entry(key, k); s != by_session_.end())
    by_session_.erase(s);
  if (k.entry.background && k.end == 0)
    --running_;
}

/// The entry of the session that an answer runs in, if it is this answer's.
std::map<session_key, response_key>::iterator kept_answers::session_entry(const response_key& key,
                                                                          const kept& k) {
  const auto s = k.session ? by_session_.find(*k.session) : by_session_.end();
  return s == by_session_.end() || s->second == key ? s : by_session_.end();
}

/// Takes an answer out, under all of its names.
kept_answers::map::node_type kept_answers::take(map::iterator i) {
  ended_.erase(i->second.end);
  if (const auto r = by_retry_key_.find(i->second.request);
      r != by_retry_key_.end() && r->second == i->first)
    by_retry_key_.erase(r);
  return all_.extract(i);
}

/// Takes out the answer that ended first. There is one.
kept_answers::map::node_type kept_answers::take_oldest() {
  return take(all_.find(ended_.begin()->second));
}

} // namespace nekod
