#include "actors/store/sqlite/session_listing.hpp"

#include "actors/store/record_time.hpp"
#include "actors/store/sqlite/session_row.hpp"

#include <chrono>

namespace nekod {

namespace {

using std::chrono::system_clock;

/// A query for the sessions after a cursor that match *condition*.
std::string page_query(const std::string& condition) {
  return "SELECT " + info_columns + " FROM sessions WHERE (created_at, id) > (?1, ?2)" + condition +
         " ORDER BY created_at, id LIMIT ?3";
}

} // namespace

session_listing::session_listing(sqlite::connection& db)
    : show_(db.prepare("SELECT " + info_columns +
                       " FROM sessions WHERE id = ?1 AND (?2 OR tenant = ?3) "
                       "ORDER BY tenant = ?3 DESC, last_used DESC LIMIT 1")),
      list_all_(db.prepare(page_query(""))),
      list_own_(db.prepare(page_query(" AND tenant = ?4"))),
      count_own_(db.prepare("SELECT sessions FROM tenants WHERE tenant = ?1")),
      exists_(db.prepare("SELECT EXISTS (SELECT 1 FROM sessions WHERE tenant = ?1 AND id = ?2)")) {}

session_finding session_listing::show(const std::string& id, const session_view& view) const {
  auto row = show_(id, std::int64_t{view.all}, view.tenant);
  session_finding result;
  result.found = row.next();
  if (result.found)
    result.info = info_of(row);
  return result;
}

session_page session_listing::list(const session_query& query, std::size_t count) const {
  session_page page;
  const auto after = query.after.value_or(session_place{system_clock::time_point::min(), {}});
  // One more than requested shows whether there are more.
  const auto most = static_cast<std::int64_t>(query.limit) + 1;
  const auto begin = time_number(after.created_at);
  auto row = query.view.all ? list_all_(begin, after.id, most)
                            : list_own_(begin, after.id, most, query.view.tenant);
  while (row.next()) {
    if (page.sessions.size() == query.limit)
      page.next = page.sessions.back().place();
    else
      page.sessions.push_back(info_of(row));
  }
  page.total = total(query, count);
  return page;
}

std::uint64_t session_listing::total(const session_query& query, std::size_t count) const {
  auto result = static_cast<std::uint64_t>(count);
  if (!query.view.all) {
    auto own = count_own_(query.view.tenant);
    result = own.next() ? static_cast<std::uint64_t>(own.number(0)) : 0;
  }
  for (const auto& key : query.unrecorded) {
    auto row = exists_(key.tenant, key.id);
    row.next();
    result += row.number(0) == 0 ? 1 : 0;
  }
  return result;
}

} // namespace nekod
