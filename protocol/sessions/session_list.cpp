#include "protocol/sessions/session_list.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace nekod {

namespace {

using std::chrono::system_clock;

constexpr std::chrono::seconds longest_sweep_interval{60};

} // namespace

session_page merge(session_page records, live_listing live, std::size_t limit) {
  auto& all = records.sessions;
  std::erase_if(all, [&](const auto& s) { return live.keys.contains(session_key{s}); });
  // After the last record of that page there may be others, which precede the sessions in memory.
  if (records.next)
    std::erase_if(live.sessions, [&](const auto& s) { return *records.next < s.place(); });
  all.insert(all.end(), std::make_move_iterator(live.sessions.begin()),
             std::make_move_iterator(live.sessions.end()));
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::tie(a.created_at, a.id) < std::tie(b.created_at, b.id);
  });
  if (all.size() > limit) {
    all.resize(limit);
    records.next = all.back().place();
  }
  return records;
}

bool session_filter::has(const session_info& s) const {
  return view.has(s) && s.created_at <= created_until &&
         (!used_before || s.last_used < *used_before) && (model.empty() || s.model == model) &&
         !spared.contains(session_key{s});
}

session_expiry session_lifetime::expiry(system_clock::time_point now) const {
  session_expiry result;
  result.now = now;
  result.used = now - unused;
  if (age.count() > 0)
    result.made = now - age;
  return result;
}

std::chrono::seconds session_lifetime::sweep_interval() const {
  auto shortest = age.count() > 0 ? std::min(unused, age) : unused;
  return std::min(longest_sweep_interval, shortest);
}

system_clock::time_point recorded_now() {
  return std::chrono::floor<std::chrono::microseconds>(system_clock::now());
}

} // namespace nekod
