#include "actors/store/memory_store.hpp"

#include "actors/session/conversation/conversation_digest.hpp"

#include <algorithm>
#include <iterator>

namespace nekod {

using std::chrono::system_clock;

// -- to take and commit --------------------------------------------------------------------------

session_taken memory_records::take(const session_wanted& wanted) {
  if (wanted.answer == earlier_answer::forgotten)
    forget_answer(wanted.tenant, wanted.identity);
  if (!wanted.id.empty())
    return hold({wanted.tenant, wanted.id}, wanted, found_by::id);
  if (const auto* key = answering(wanted))
    return hold(session_key{*key}, wanted, found_by::answer);
  if (const auto* key = wanted.tip ? with_tip(*wanted.tip) : nullptr)
    return hold(session_key{*key}, wanted, found_by::tip);
  return {}; // The token holds nothing.
}

session_taken memory_records::hold(const session_key& key, const session_wanted& wanted,
                                   found_by by) {
  leases_.take(key, wanted.token);
  session_taken result;
  result.token = wanted.token;
  const auto i = records_.find(key);
  if (i == records_.end())
    return result;
  result.by = by;
  result.key = key;
  result.version = i->second.version;
  if (result.version != wanted.known_version)
    result.record = i->second.record;
  return result;
}

/// The session that answered the request and that no token holds; null for none.
const session_key* memory_records::answering(const session_wanted& wanted) const {
  if (wanted.answer != earlier_answer::wanted)
    return nullptr;
  const auto i = by_answer_.find({wanted.tenant, wanted.identity});
  return i == by_answer_.end() || leases_.is_held(i->second) ? nullptr : &i->second;
}

/// The most recently used session with that tip that no token holds; null for none.
const session_key* memory_records::with_tip(const session_tip& tip) const {
  const session_key* newest = nullptr;
  auto [begin, end] = by_tip_.equal_range(tip);
  const auto last_used = [this](const session_key& key) {
    return records_.at(key).record.info.last_used;
  };
  for (auto i = begin; i != end; ++i)
    if (!leases_.is_held(i->second) && (!newest || last_used(*newest) < last_used(i->second)))
      newest = &i->second;
  return newest;
}

commit_outcome memory_records::commit(session_commit c) {
  const session_key key{c.record.info};
  const auto old = records_.find(key);
  const auto version = old == records_.end() ? 0 : old->second.version;
  // A new session needs no `take`: its first commit takes it.
  if (version == 0 && c.version == 0 && !leases_.is_held(key))
    leases_.take(key, c.token);
  const auto has = version == 0 ? 0 : old->second.record.transcript.size();
  if (!leases_.holds(c.token, key) || c.version != version || c.messages.kept > has)
    return commit_outcome::refused;
  if (version != 0) {
    unindex(old->second.record);
    c.record.transcript = std::move(old->second.record.transcript);
  }
  auto& messages = c.record.transcript;
  messages.resize(c.messages.kept);
  std::move(c.messages.added.begin(), c.messages.added.end(), std::back_inserter(messages));
  auto& kept = records_[key];
  kept.version = version + 1;
  kept.record = std::move(c.record);
  index(kept.record);
  if (c.response)
    responses_.keep(*std::move(c.response));
  return commit_outcome::kept;
}

void memory_records::forget_answer(const std::string& tenant, const std::string& identity) {
  const auto found = by_answer_.extract(std::pair{tenant, identity});
  if (!found.empty())
    records_.at(found.mapped()).record.answer.reset();
}

// -- to look -------------------------------------------------------------------------------------

const memory_records::age_list& memory_records::list_of(const session_view& view) const {
  static const age_list none;
  if (view.all)
    return by_age_;
  const auto own = by_tenant_.find(view.tenant);
  return own == by_tenant_.end() ? none : own->second;
}

session_page memory_records::list(const session_query& query) const {
  const auto& all = list_of(query.view);
  session_page page;
  auto i = query.after ? all.upper_bound(*query.after) : all.begin();
  for (; i != all.end() && page.sessions.size() < query.limit; ++i)
    page.sessions.push_back(**i);
  if (i != all.end())
    page.next = page.sessions.back().place();
  page.total = all.size();
  for (const auto& key : query.unrecorded)
    page.total += records_.contains(key) ? 0 : 1;
  return page;
}

session_finding memory_records::show(const std::string& id, const session_view& view) const {
  session_finding result;
  const auto own = records_.find({view.tenant, id});
  result.found = own != records_.end();
  if (result.found)
    result.info = own->second.record.info;
  if (result.found || !view.all)
    return result;
  for (const auto& [key, s] : records_) {
    const auto& found = s.record.info;
    if (found.id != id || (result.found && found.last_used <= result.info.last_used))
      continue;
    result.found = true;
    result.info = found;
  }
  return result;
}

conversation_finding memory_records::show(const conversation_query& query) const {
  conversation_finding result;
  const auto i = by_conversation_.find({query.tenant, query.id});
  result.found = i != by_conversation_.end();
  if (!result.found)
    return result;
  const auto& record = records_.at(i->second).record;
  result.info = record.info;
  result.metadata = record.metadata;
  if (query.with_messages)
    result.messages = record.transcript;
  return result;
}

// -- to delete -----------------------------------------------------------------------------------

bool memory_records::remove(const session_key& key) {
  leases_.drop(key);
  responses_.remove_of(key);
  const auto i = records_.find(key);
  if (i == records_.end())
    return false;
  erase(i);
  return true;
}

void memory_records::erase(record_map::iterator i) {
  unindex(i->second.record);
  records_.erase(i);
}

std::size_t memory_records::sweep(const session_expiry& expiry, std::size_t most) {
  std::size_t swept = 0;
  const auto sweep_first = [&](const auto& list, auto may_be_over) {
    for (auto i = list.begin(); swept < most && i != list.end() && may_be_over(**i);) {
      const auto* s = *i++;
      const session_key key{*s};
      if (!expiry.has(*s) || leases_.is_held(key))
        continue;
      erase(records_.find(key));
      ++swept;
    }
  };
  sweep_first(by_use_, [&](const auto& s) { return s.last_used < expiry.used; });
  sweep_first(by_end_, [&](const auto& s) { return s.kept_until <= expiry.now; });
  sweep_first(by_age_, [&](const auto& s) { return s.created_at < expiry.made; });
  return swept + responses_.sweep(expiry.now, most - swept);
}

// -- indexes -------------------------------------------------------------------------------------

void memory_records::index(const session_record& record) {
  const auto& s = record.info;
  if (record.tip.is_known())
    by_tip_.emplace(session_tip{s.tenant, record.scope, record.tip.digest()}, session_key{s});
  if (record.answer)
    by_answer_.insert_or_assign({s.tenant, record.answer->identity}, session_key{s});
  if (!s.conversation.empty())
    by_conversation_.insert_or_assign({s.tenant, s.conversation}, session_key{s});
  by_age_.insert(&s);
  by_tenant_[s.tenant].insert(&s);
  if (s.kept_until == std::chrono::system_clock::time_point::min())
    by_use_.insert(&s);
  else
    by_end_.insert(&s);
}

void memory_records::unindex(const session_record& record) {
  const auto& s = record.info;
  const session_key key{s};
  auto [begin, end] = by_tip_.equal_range({s.tenant, record.scope, record.tip.digest()});
  const auto i = std::find_if(begin, end, [&](const auto& e) { return e.second == key; });
  if (i != end)
    by_tip_.erase(i);
  if (record.answer) {
    const auto newest = by_answer_.find({s.tenant, record.answer->identity});
    if (newest != by_answer_.end() && newest->second == key)
      by_answer_.erase(newest);
  }
  const auto newest = by_conversation_.find({s.tenant, s.conversation});
  if (newest != by_conversation_.end() && newest->second == key)
    by_conversation_.erase(newest);
  by_age_.erase(&s);
  by_use_.erase(&s);
  by_end_.erase(&s);
  const auto own = by_tenant_.find(s.tenant);
  own->second.erase(&s);
  if (own->second.empty())
    by_tenant_.erase(own);
}

// -- the actor -----------------------------------------------------------------------------------

bool memory_store_state::clear_next() {
  auto c = std::move(clearings.front());
  clearings.pop_front();
  auto page = records.list(c.query);
  for (const auto& s : page.sessions)
    c.deleted += c.filter.has(s) && records.remove(session_key{s}) ? 1 : 0;
  c.query.after = page.next;
  if (page.next)
    clearings.push_back(std::move(c));
  else
    c.promise.deliver(c.deleted);
  return page.next.has_value();
}

memory_store_actor::behavior_type
memory_store(memory_store_actor::stateful_pointer<memory_store_state> self,
             session_lifetime lifetime, const std::shared_ptr<metrics>& counts) {
  self->delayed_send(self, lifetime.sweep_interval(), atom::sweep_v);
  self->set_exit_handler([self](caf::exit_msg& m) {
    for (auto& c : std::exchange(self->state.clearings, {}))
      c.promise.deliver(m.reason);
    self->quit(m.reason);
  });
  auto count = [self, counts] {
    const auto stored = self->state.records.counts();
    counts->stored_sessions.Set(static_cast<double>(stored.sessions));
    counts->stored_responses.Set(static_cast<double>(stored.responses));
  };
  return {
      [self](atom::take, const session_wanted& wanted) { return self->state.records.take(wanted); },
      [self, count](atom::commit, session_commit& c) -> caf::result<atom::commit> {
        if (self->state.records.commit(std::move(c)) == commit_outcome::refused)
          return refused_commit();
        count();
        return atom::commit_v;
      },
      [self](atom::release, const session_token& token) { self->state.records.release(token); },
      [self](atom::show, const std::string& id, const session_view& view) {
        return self->state.records.show(id, view);
      },
      [self](atom::list, const session_query& query) { return self->state.records.list(query); },
      [self, count](atom::remove, const session_key& key) {
        auto removed = self->state.records.remove(key);
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
      [self, count, lifetime](atom::sweep) {
        auto swept = self->state.records.sweep(lifetime.expiry(system_clock::now()), store_step);
        count();
        if (swept == store_step)
          self->send(self, atom::sweep_v);
        else
          self->delayed_send(self, lifetime.sweep_interval(), atom::sweep_v);
      },
      [self, count](atom::commit, response_record& r) {
        self->state.records.commit(std::move(r));
        count();
        return atom::commit_v;
      },
      [self](atom::show, const response_key& key) {
        return self->state.records.responses().show(key, system_clock::now());
      },
      [self](atom::show, const chain_query& query) {
        return self->state.records.responses().show(query, system_clock::now());
      },
      [self](atom::show, const item_query& query) {
        return self->state.records.responses().show(query, system_clock::now());
      },
      [self](atom::show, const conversation_query& query) {
        return self->state.records.show(query);
      },
      [self](atom::close, const session_key& session) {
        self->state.records.close(session);
        return atom::close_v;
      },
      [self, count](atom::remove, const response_key& key) {
        auto removed = self->state.records.remove(key, system_clock::now());
        count();
        return removed;
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
