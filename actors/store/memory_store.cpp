#include "actors/store/memory_store.hpp"

#include "actors/session/conversation_digest.hpp"

#include <algorithm>
#include <iterator>

namespace nekod {

// -- records -------------------------------------------------------------------------------------

const memory_store_state::age_list& memory_store_state::list_of(const session_view& view) const {
  static const age_list none;
  if (view.all)
    return by_age_;
  auto own = by_tenant_.find(view.tenant);
  return own == by_tenant_.end() ? none : own->second;
}

openai::session_page memory_store_state::list(const session_query& query) const {
  const auto& all = list_of(query.view);
  openai::session_page page;
  auto i = query.after ? all.upper_bound(*query.after) : all.begin();
  for (; i != all.end() && page.sessions.size() < query.limit; ++i)
    page.sessions.push_back(**i);
  if (i != all.end())
    page.next = page.sessions.back().place();
  page.total = all.size();
  for (const auto& key : query.unrecorded)
    page.total += records.contains(key) ? 0 : 1;
  return page;
}

keep_outcome memory_store_state::keep(session_record record, message_changes changes) {
  const session_key key{record.info};
  const auto old = records.find(key);
  // A record of another time of creation is of a session that had the name before.
  const auto goes_on =
      old != records.end() && old->second.info.created_at == record.info.created_at;
  auto messages = goes_on ? std::move(old->second.transcript) : std::vector<openai::message>{};
  if (changes.kept > messages.size()) {
    if (goes_on)
      old->second.transcript = std::move(messages);
    return keep_outcome::refused;
  }
  messages.resize(changes.kept);
  std::move(changes.added.begin(), changes.added.end(), std::back_inserter(messages));
  record.transcript = std::move(messages);
  if (old != records.end())
    unlist(old->second);
  auto& kept = records[key];
  kept = std::move(record);
  enlist(kept);
  return keep_outcome::kept;
}

void memory_store_state::enlist(const session_record& record) {
  const auto& s = record.info;
  if (!record.tip.empty())
    by_tip_.emplace(session_tip{s.tenant, record.scope, record.tip}, session_key{s});
  if (record.answer)
    by_answer_.insert_or_assign({s.tenant, record.answer->identity}, session_key{s});
  by_age_.insert(&s);
  by_tenant_[s.tenant].insert(&s);
  by_use_.insert(&s);
}

void memory_store_state::unlist(const session_record& record) {
  const auto& s = record.info;
  const session_key key{s};
  auto [begin, end] = by_tip_.equal_range({s.tenant, record.scope, record.tip});
  auto i = std::find_if(begin, end, [&](const auto& e) { return e.second == key; });
  if (i != end)
    by_tip_.erase(i);
  if (record.answer) {
    auto newest = by_answer_.find({s.tenant, record.answer->identity});
    if (newest != by_answer_.end() && newest->second == key)
      by_answer_.erase(newest);
  }
  by_age_.erase(&s);
  by_use_.erase(&s);
  auto own = by_tenant_.find(s.tenant);
  own->second.erase(&s);
  if (own->second.empty())
    by_tenant_.erase(own);
}

session_lookup memory_store_state::load(const session_key& key) const {
  session_lookup result;
  auto i = records.find(key);
  result.found = i != records.end();
  if (result.found)
    result.record = i->second;
  return result;
}

session_finding memory_store_state::show(const std::string& id, const session_view& view) const {
  session_finding result;
  auto is_meant = [&](const session_record& r) {
    return r.info.id == id && (!result.found || result.info.last_used < r.info.last_used);
  };
  auto own = records.find({view.tenant, id});
  result.found = own != records.end();
  if (result.found)
    result.info = own->second.info;
  if (result.found || !view.all)
    return result;
  for (const auto& [key, record] : records) {
    if (!is_meant(record))
      continue;
    result.found = true;
    result.info = record.info;
  }
  return result;
}

session_lookup memory_store_state::find(const session_tip& tip) const {
  auto [begin, end] = by_tip_.equal_range(tip);
  auto newest = std::max_element(begin, end, [this](const auto& a, const auto& b) {
    return records.at(a.second).info.last_used < records.at(b.second).info.last_used;
  });
  return newest == end ? session_lookup{} : load(newest->second);
}

session_lookup memory_store_state::answered(const std::string& tenant,
                                            const std::string& identity) const {
  auto i = by_answer_.find({tenant, identity});
  return i == by_answer_.end() ? session_lookup{} : load(i->second);
}

void memory_store_state::forget(const std::string& tenant, const std::string& identity) {
  auto found = by_answer_.extract(std::pair{tenant, identity});
  if (!found.empty())
    records.at(found.mapped()).answer.reset();
}

bool memory_store_state::remove(const session_key& key) {
  auto i = records.find(key);
  if (i == records.end())
    return false;
  unlist(i->second);
  records.erase(i);
  return true;
}

void memory_store_state::drop(info s) {
  auto i = records.find(session_key{*s});
  unlist(i->second);
  records.erase(i);
}

std::size_t memory_store_state::sweep(const session_expiry& expiry, std::size_t most) {
  std::size_t swept = 0;
  for (; swept < most && !by_use_.empty() && (*by_use_.begin())->last_used < expiry.used; ++swept)
    drop(*by_use_.begin());
  for (; swept < most && !by_age_.empty() && (*by_age_.begin())->created_at < expiry.made; ++swept)
    drop(*by_age_.begin());
  return swept;
}

// -- deletions of many ---------------------------------------------------------------------------

bool memory_store_state::clear_next() {
  auto c = std::move(clearings.front());
  clearings.pop_front();
  auto page = list(c.query);
  for (const auto& s : page.sessions)
    c.deleted += c.filter.has(s) && remove(session_key{s}) ? 1 : 0;
  c.query.after = page.next;
  if (page.next)
    clearings.push_back(std::move(c));
  else
    c.promise.deliver(c.deleted);
  return page.next.has_value();
}

// -- the actor -----------------------------------------------------------------------------------

store_actor::behavior_type memory_store(store_actor::stateful_pointer<memory_store_state> self,
                                        session_lifetime lifetime,
                                        const std::shared_ptr<metrics>& counts) {
  self->delayed_send(self, lifetime.sweep_interval(), atom::sweep_v);
  self->set_exit_handler([self](caf::exit_msg& m) {
    for (auto& c : std::exchange(self->state.clearings, {}))
      c.promise.deliver(m.reason);
    self->quit(m.reason);
  });
  auto count = [self, counts] {
    counts->stored_sessions.Set(static_cast<double>(self->state.records.size()));
  };
  return {
      [self, count](atom::commit, session_record& record,
                    message_changes& changes) -> caf::result<atom::commit> {
        if (self->state.keep(std::move(record), std::move(changes)) == keep_outcome::refused)
          return refused_commit();
        count();
        return atom::commit_v;
      },
      [self](atom::load, const session_key& key) { return self->state.load(key); },
      [self](atom::show, const std::string& id, const session_view& view) {
        return self->state.show(id, view);
      },
      [self](atom::find, const session_tip& tip) { return self->state.find(tip); },
      [self](atom::answered, const std::string& tenant, const std::string& identity) {
        return self->state.answered(tenant, identity);
      },
      [self](atom::forget, const std::string& tenant, const std::string& identity) {
        self->state.forget(tenant, identity);
      },
      [self, count](atom::remove, const session_key& key) {
        auto removed = self->state.remove(key);
        count();
        return removed;
      },
      [self](atom::clear, session_filter& filter) -> caf::result<std::uint64_t> {
        auto promise = self->make_response_promise<std::uint64_t>();
        self->state.clearings.emplace_back(std::move(filter), promise);
        self->send(self, atom::clear_v);
        return promise;
      },
      [self, count](atom::clear) {
        if (self->state.clear_next())
          self->send(self, atom::clear_v);
        count();
      },
      [self](atom::list, const session_query& query) { return self->state.list(query); },
      [self, count, lifetime](atom::sweep) {
        auto expiry = lifetime.expiry(std::chrono::system_clock::now());
        auto swept = self->state.sweep(expiry, store_step);
        count();
        if (swept == store_step)
          self->send(self, atom::sweep_v);
        else
          self->delayed_send(self, lifetime.sweep_interval(), atom::sweep_v);
      },
  };
}

namespace {

class opened_memory_store : public session_store {
public:
  const std::string& key() const noexcept override { return key_; }

  std::shared_ptr<const store_health> health() const override {
    return std::make_shared<store_health>();
  }

  store_actor spawn(caf::actor_system& system, session_lifetime lifetime,
                    std::shared_ptr<metrics> counts) override {
    return system.spawn(memory_store, lifetime, std::move(counts));
  }

private:
  const std::string key_ = make_digest_key();
};

} // namespace

std::unique_ptr<session_store> open_memory_store() {
  return std::make_unique<opened_memory_store>();
}

} // namespace nekod
