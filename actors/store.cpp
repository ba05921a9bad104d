#include "actors/store.hpp"

#include <algorithm>
#include <tuple>

namespace nekod {

namespace {

/// How often expired records are looked for, at least.
constexpr std::chrono::seconds longest_sweep_interval{60};

} // namespace

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

bool memory_store_state::remove(const std::string& id, const session_scope& scope) {
  auto i = records.find(id);
  if (i == records.end() || !scope.has(i->second.info))
    return false;
  records.erase(i);
  return true;
}

void memory_store_state::sweep(std::chrono::system_clock::time_point limit) {
  std::erase_if(records, [&](const auto& entry) { return entry.second.last_used < limit; });
}

store_actor::behavior_type memory_store(store_actor::stateful_pointer<memory_store_state> self,
                                        std::chrono::seconds time_to_live,
                                        std::shared_ptr<metrics> counts) {
  auto interval = std::min(longest_sweep_interval, time_to_live);
  self->delayed_send(self, interval, atom::sweep_v);
  auto count = [self, counts] {
    counts->stored_sessions.Set(static_cast<double>(self->state.records.size()));
  };
  return {
      [self, count](atom::commit, session_record& record) {
        auto id = record.info.id;
        self->state.records.insert_or_assign(std::move(id), std::move(record));
        count();
        return atom::commit_v;
      },
      [self](atom::load, const std::string& id) {
        session_lookup result;
        auto i = self->state.records.find(id);
        result.found = i != self->state.records.end();
        if (result.found)
          result.record = i->second;
        return result;
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
