#include "actors/store/sqlite/session_row.hpp"

namespace nekod {

namespace {

using std::chrono::microseconds;
using std::chrono::system_clock;

system_clock::time_point to_time(std::int64_t number) {
  return system_clock::time_point{microseconds{number}};
}

} // namespace

std::int64_t to_number(system_clock::time_point t) {
  return std::chrono::floor<microseconds>(t.time_since_epoch()).count();
}

session_info info_of(const sqlite::rows& row) {
  session_info info;
  info.id = row.text(0);
  info.tenant = row.text(1);
  info.model = row.text(2);
  info.created_at = to_time(row.number(3));
  info.last_used = to_time(row.number(4));
  info.turns = static_cast<std::uint64_t>(row.number(5));
  info.has_upstream_chat = !row.text(6).empty();
  return info;
}

} // namespace nekod
