#include "actors/store/sqlite/session_row.hpp"

#include "actors/store/record_time.hpp"

namespace nekod {

session_info info_of(const sqlite::rows& row) {
  session_info info;
  info.id = row.text(0);
  info.tenant = row.text(1);
  info.model = row.text(2);
  info.created_at = time_of(row.number(3));
  info.last_used = time_of(row.number(4));
  info.turns = static_cast<std::uint64_t>(row.number(5));
  info.conversation = row.text(6);
  info.newest_response = row.text(7);
  if (!row.is_null(8))
    info.kept_until = time_of(row.number(8));
  info.has_upstream_chat = !row.text(9).empty();
  return info;
}

} // namespace nekod
