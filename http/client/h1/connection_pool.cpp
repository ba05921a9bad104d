#include "http/client/h1/connection_pool.hpp"

#include <algorithm>
#include <utility>

namespace nekod::http {

std::unique_ptr<connection> connection_pool::take(const std::string& origin,
                                                  clock::time_point now) {
  for (;;) {
    const auto found = by_origin_.find(origin);
    if (found == by_origin_.end())
      return nullptr;
    const auto newest = found->second.back();
    auto result = std::move(*newest);
    found->second.pop_back();
    if (found->second.empty())
      by_origin_.erase(found);
    idle_.erase(newest);
    if (result->idle_until() > now && !result->is_stale())
      return result;
  }
}

std::unique_ptr<connection> connection_pool::make(std::string origin) {
  if (open_ >= limits_.most_open)
    drop_oldest();
  if (open_ >= limits_.most_open)
    return nullptr;
  return std::make_unique<connection>(poll_, open_, std::move(origin));
}

void connection_pool::keep(std::unique_ptr<connection> c, clock::time_point now,
                           clock::duration for_at_most) {
  while (!idle_.empty() && idle_.front()->idle_until() <= now)
    drop_oldest();
  if (idle_.size() >= limits_.most_idle)
    drop_oldest();
  c->used_by(nullptr);
  c->now_used();
  c->idle_until(now + for_at_most);
  c->wait(true, false);
  auto& same = by_origin_[c->origin()];
  same.push_back(idle_.insert(idle_.end(), std::move(c)));
}

void connection_pool::look_at(connection& idle) {
  if (!idle.is_stale())
    return;
  const auto found = by_origin_.find(idle.origin());
  if (found == by_origin_.end())
    return;
  const auto i = std::find_if(found->second.begin(), found->second.end(),
                              [&](const auto& entry) { return entry->get() == &idle; });
  if (i != found->second.end())
    forget(*i);
}

void connection_pool::drop_oldest() {
  if (!idle_.empty())
    forget(idle_.begin());
}

void connection_pool::forget(idle_list::iterator i) {
  const auto found = by_origin_.find((*i)->origin());
  found->second.remove(i);
  if (found->second.empty())
    by_origin_.erase(found);
  idle_.erase(i);
}

void connection_pool::drop_all() {
  by_origin_.clear();
  idle_.clear();
}

} // namespace nekod::http
