#include "actors/store/sqlite/session_row.hpp"

namespace nekod {

using std::chrono::microseconds;
using std::chrono::system_clock;

std::int64_t to_number(system_clock::time_point t) {
  return std::chrono::floor<microseconds>(t.time_since_epoch()).count();
}

system_clock::time_point to_time(std::int64_t number) {
  // The clock counts finer: its ends are between two numbers.
  if (number <= to_number(system_clock::time_point::min()))
    return system_clock::time_point::min();
  if (number >= to_number(system_clock::time_point::max()))
    return system_clock::time_point::max();
  return system_clock::time_point{microseconds{number}};
}

session_info info_of(const sqlite::rows& row) {
  session_info info;
  info.id = row.text(0);
  info.tenant = row.text(1);
  info.model = row.text(2);
  info.created_at = to_time(row.number(3));
  info.last_used = to_time(row.number(4));
  info.turns = static_cast<std::uint64_t>(row.number(5));
  info.conversation = row.text(6);
  info.newest_response = row.text(7);
  if (!row.is_null(8))
    info.kept_until = to_time(row.number(8));
  info.has_upstream_chat = !row.text(9).empty();
  return info;
}

} // namespace nekod
