#include "actors/store/memory_responses.hpp"

#include "actors/store/clearing.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace nekod {

namespace {

bool is_visible(const response_record& r, memory_responses::time_point now) {
  return r.expires_at > now;
}

/// Calls *f* with each item of a response.
template <class Function>
void for_each_item(const response_record& r, Function f) {
  std::for_each(r.input.begin(), r.input.end(), f);
  std::for_each(r.output.begin(), r.output.end(), f);
}

} // namespace

// -- to write ------------------------------------------------------------------------------------

void memory_responses::keep(response_record record) {
  if (!may_be_written(record))
    return;
  auto [i, is_new] = all_.try_emplace(record.key());
  auto& s = i->second;
  if (!is_new && ends_otherwise(s.record.state, record.state))
    return;
  if (!is_new && is_left_over(s.record))
    record.session.clear();
  if (is_new)
    s.number = ++last_number_;
  else
    unindex(s);
  s.record = std::move(record);
  index(s);
}

void memory_responses::index(stored& s) {
  const auto& r = s.record;
  for_each_item(r, [&](const auto& item) { by_item_.emplace(r.tenant, item.id, &s); });
  by_session_[{r.tenant, r.session}].insert(&s);
  if (s.followers == 0)
    ends_.insert(&s);
  const auto parent = r.parent.empty() ? all_.end() : all_.find({r.tenant, r.parent});
  if (parent == all_.end() || parent->second.number >= s.number)
    return;
  s.parent = &parent->second;
  if (s.parent->followers++ == 0)
    ends_.erase(s.parent);
}

void memory_responses::unindex(stored& s) {
  const auto& r = s.record;
  for_each_item(r, [&](const auto& item) { by_item_.erase({r.tenant, item.id, &s}); });
  const auto own = by_session_.find({r.tenant, r.session});
  own->second.erase(&s);
  if (own->second.empty())
    by_session_.erase(own);
  ends_.erase(&s);
  if (s.parent && --s.parent->followers == 0)
    ends_.insert(s.parent);
  s.parent = nullptr;
}

// -- to look -------------------------------------------------------------------------------------

const memory_responses::stored* memory_responses::find(const response_key& key) const {
  const auto i = all_.find(key);
  return i == all_.end() ? nullptr : &i->second;
}

response_finding memory_responses::show(const response_key& key, time_point now) const {
  response_finding result;
  const auto* s = find(key);
  if (s && is_visible(s->record, now))
    result.record = s->record;
  return result;
}

response_chain memory_responses::show(const chain_query& query, time_point now) const {
  response_chain result;
  const auto* newest = find(query.newest);
  if (!newest || !is_visible(newest->record, now))
    return result;
  result.found = true;
  result.state = newest->record.state;
  result.session = newest->record.session;
  std::vector<const response_record*> chain;
  for (const auto* s = newest; s; s = s->parent)
    chain.push_back(&s->record);
  for (auto i = chain.rbegin(); i != chain.rend(); ++i)
    for_each_item(**i, [&](const auto& item) { result.items.push_back(item); });
  result.output = newest->record.output.size();
  return result;
}

item_finding memory_responses::show(const item_query& query, time_point now) const {
  item_finding result;
  for (const auto& id : query.ids) {
    auto i = by_item_.lower_bound({query.tenant, id, nullptr});
    const auto has_id = [&] {
      return i != by_item_.end() && std::get<0>(*i) == query.tenant && std::get<1>(*i) == id;
    };
    while (has_id() && !is_visible(std::get<2>(*i)->record, now))
      ++i;
    if (!has_id())
      continue;
    const stored_item* found = nullptr;
    for_each_item(std::get<2>(*i)->record, [&](const auto& item) {
      if (!found && item.id == id)
        found = &item;
    });
    result.items.push_back(*found);
  }
  return result;
}

// -- to delete -----------------------------------------------------------------------------------

bool memory_responses::remove(const response_key& key, time_point now) {
  const auto i = all_.find(key);
  const auto was_visible = i != all_.end() && is_visible(i->second.record, now);
  if (i != all_.end())
    expire(i->second);
  sweep(time_point::min(), store_step);
  return was_visible;
}

void memory_responses::remove_of(const session_key& session) {
  const auto own = by_session_.find(session);
  if (own == by_session_.end())
    return;
  const auto all = own->second;
  for (auto* s : all)
    expire(*s);
  sweep(time_point::min(), all.size());
}

void memory_responses::close_of(const session_key& session) {
  auto own = by_session_.extract(session);
  if (own.empty())
    return;
  auto& of_none = by_session_[{session.tenant, {}}];
  for (auto* s : own.mapped()) {
    s->record.state = response_state::closed;
    s->record.session.clear();
    of_none.insert(s);
  }
}

/// Makes it one that expired before all others, which goes first.
void memory_responses::expire(stored& s) {
  ends_.erase(&s);
  s.record.expires_at = time_point::min();
  if (s.followers == 0)
    ends_.insert(&s);
}

std::size_t memory_responses::sweep(time_point now, std::size_t most) {
  std::size_t swept = 0;
  for (; swept < most && !ends_.empty() && !is_visible((*ends_.begin())->record, now); ++swept)
    erase(**ends_.begin());
  return swept;
}

void memory_responses::erase(stored& s) {
  unindex(s);
  all_.erase(s.record.key());
}

} // namespace nekod
