#include "actors/store/sqlite/answer_table.hpp"

#include "actors/store/sqlite/answer_json.hpp"

namespace nekod {

answer_table::answer_table(sqlite::connection& db)
    : keep_(db.prepare("INSERT OR REPLACE INTO answers VALUES (?1, ?2, ?3, ?4)")),
      drop_(db.prepare("DELETE FROM answers WHERE session = ?1")),
      has_(db.prepare("SELECT EXISTS (SELECT 1 FROM answers WHERE owner = ?1 AND identity = ?2)")),
      forget_(db.prepare("DELETE FROM answers WHERE owner = ?1 AND identity = ?2")) {}

void answer_table::keep(std::int64_t session, const std::string& tenant,
                        const std::optional<answered_turn>& answer) const {
  if (answer)
    keep_.run(session, tenant, sqlite::blob{answer->identity}, answer_json(*answer));
  else
    drop_.run(session);
}

bool answer_table::has(const std::string& tenant, const std::string& identity) const {
  auto row = has_(tenant, sqlite::blob{identity});
  return row.next() && row.number(0) != 0;
}

void answer_table::forget(const std::string& tenant, const std::string& identity) const {
  forget_.run(tenant, sqlite::blob{identity});
}

} // namespace nekod
