#include "actors/store.hpp"

#include <algorithm>
#include <tuple>

namespace nekod {

namespace {

constexpr std::chrono::seconds longest_sweep_interval{60};

} // namespace

std::chrono::seconds sweep_interval(std::chrono::seconds time_to_live) {
  return std::min(longest_sweep_interval, time_to_live);
}

void sort_by_age(std::vector<openai::session_info>& sessions) {
  std::sort(sessions.begin(), sessions.end(), [](const auto& a, const auto& b) {
    return std::tie(a.created_at, a.id) < std::tie(b.created_at, b.id);
  });
}

std::vector<openai::session_info> memory_store_state::list() const {
  std::vector<openai::session_info> result;
  result.reserve(records.size());
  for (const auto& [id, record] : records)
    result.push_back(record.info);
  sort_by_age(result);
  return result;
}

void memory_store_state::keep(session_record record) {
  if (auto i = records.find(record.info.id); i != records.end())
    unlist(i->second);
  if (!record.tip.empty())
    by_tip_.emplace(std::pair{record.info.tenant, record.tip}, record.info.id);
  auto id = record.info.id;
  records.insert_or_assign(std::move(id), std::move(record));
}

void memory_store_state::unlist(const session_record& record) {
  auto [begin, end] = by_tip_.equal_range({record.info.tenant, record.tip});
  auto i = std::find_if(begin, end, [&](const auto& e) { return e.second == record.info.id; });
  if (i != end)
    by_tip_.erase(i);
}

session_lookup memory_store_state::load(const std::string& id) const {
  session_lookup result;
  auto i = records.find(id);
  result.found = i != records.end();
  if (result.found)
    result.record = i->second;
  return result;
}

session_lookup memory_store_state::find(const std::string& tenant, const std::string& tip) const {
  auto [begin, end] = by_tip_.equal_range({tenant, tip});
  auto newest = std::max_element(begin, end, [this](const auto& a, const auto& b) {
    return records.at(a.second).last_used < records.at(b.second).last_used;
  });
  return newest == end ? session_lookup{} : load(newest->second);
}

bool memory_store_state::remove(const std::string& id, const session_scope& scope) {
  auto i = records.find(id);
  if (i == records.end() || !scope.has(i->second.info))
    return false;
  unlist(i->second);
  records.erase(i);
  return true;
}

void memory_store_state::sweep(std::chrono::system_clock::time_point limit) {
  for (auto i = records.begin(); i != records.end();) {
    if (i->second.last_used < limit) {
      unlist(i->second);
      i = records.erase(i);
    } else {
      ++i;
    }
  }
}

store_actor::behavior_type memory_store(store_actor::stateful_pointer<memory_store_state> self,
                                        std::chrono::seconds time_to_live,
                                        const std::shared_ptr<metrics>& counts) {
  auto interval = sweep_interval(time_to_live);
  self->delayed_send(self, interval, atom::sweep_v);
  auto count = [self, counts] {
    counts->stored_sessions.Set(static_cast<double>(self->state.records.size()));
  };
  return {
      [self, count](atom::commit, session_record& record) {
        self->state.keep(std::move(record));
        count();
        return atom::commit_v;
      },
      [self](atom::load, const std::string& id) { return self->state.load(id); },
      [self](atom::find, const std::string& tenant, const std::string& tip) {
        return self->state.find(tenant, tip);
      },
      [self, count](atom::remove, const std::string& id, const session_scope& scope) {
        auto removed = self->state.remove(id, scope);
        count();
        return removed;
      },
      [self](atom::list) { return self->state.list(); },
      [self, count, time_to_live, interval](atom::sweep) {
        self->state.sweep(std::chrono::system_clock::now() - time_to_live);
        count();
        self->delayed_send(self, interval, atom::sweep_v);
      },
  };
}

} // namespace nekod
