#include "actors/store/sqlite/response_table.hpp"

#include "actors/store/record_time.hpp"

#include <string>

namespace nekod {

namespace {

response_state state_of(std::int64_t number) {
  switch (number) {
  case 0:
    return response_state::running;
  case 1:
    return response_state::chainable;
  default:
    return response_state::closed;
  }
}

stored_item item_of(const sqlite::rows& row) {
  return {std::string{row.text(0)}, std::string{row.text(1)}};
}

/// When responses expired that were removed: before all others.
std::int64_t before_all() { return time_number(response_table::time_point::min()); }

} // namespace

response_table::response_table(sqlite::connection& db)
    : db_(db),
      find_(db.prepare("SELECT number, state FROM responses WHERE tenant = ?1 AND id = ?2")),
      insert_(
          db.prepare("INSERT INTO responses (tenant, id, session, parent, parent_number, state, "
                     "created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")),
      update_(db.prepare("UPDATE responses SET "
                         // As `is_left_over` says.
                         "session = CASE WHEN state = 2 AND session = '' THEN '' ELSE ?2 END, "
                         "parent = ?3, parent_number = ?4, state = ?5, created_at = ?6, "
                         "expires_at = ?7 WHERE number = ?1")),
      keep_object_(db.prepare("INSERT OR REPLACE INTO response_objects VALUES (?1, ?2, ?3)")),
      keep_item_(db.prepare("INSERT INTO response_items VALUES (?1, ?2, ?3, ?4, ?5, ?6)")),
      drop_items_(db.prepare("DELETE FROM response_items WHERE response = ?1")),
      show_(db.prepare("SELECT number, session, parent, state, created_at, expires_at, object, "
                       "interrupted "
                       "FROM responses JOIN response_objects ON response = number "
                       "WHERE tenant = ?1 AND id = ?2 AND expires_at > ?3")),
      newest_(db.prepare("SELECT number, session, state FROM responses "
                         "WHERE tenant = ?1 AND id = ?2 AND expires_at > ?3")),
      parent_(db.prepare("SELECT parent_number FROM responses WHERE number = ?1")),
      items_(db.prepare("SELECT id, item, is_output FROM response_items WHERE response = ?1 "
                        "ORDER BY position")),
      item_(db.prepare("SELECT i.id, i.item FROM response_items AS i "
                       "JOIN responses AS r ON r.number = i.response "
                       "WHERE i.owner = ?1 AND i.id = ?2 AND r.expires_at > ?3 LIMIT 1")),
      expire_(db.prepare("UPDATE responses SET expires_at = ?3 WHERE tenant = ?1 AND id = ?2")),
      expire_of_(
          db.prepare("UPDATE responses SET expires_at = ?3 WHERE tenant = ?1 AND session = ?2")),
      close_of_(db.prepare("UPDATE responses SET state = ?3, session = '' "
                           "WHERE tenant = ?1 AND session = ?2")),
      expired_(db.prepare("SELECT number FROM responses WHERE followers = 0 AND expires_at <= ?1 "
                          "ORDER BY expires_at LIMIT 1")),
      remove_(db.prepare("DELETE FROM responses WHERE number = ?1")) {}

void response_table::end_interrupted(sqlite::connection& db) {
  db.execute(
      "UPDATE response_objects SET object = interrupted, interrupted = '' "
      "WHERE interrupted <> '' AND response IN (SELECT number FROM responses WHERE state = 0)");
  db.execute("UPDATE responses SET state = 2 WHERE state = 0");
}

// -- to write ------------------------------------------------------------------------------------

bool response_table::keep(const response_record& r) {
  auto [number, state] = place_of(r.key());
  const auto is_new = number == 0;
  if (!is_new && ends_otherwise(state, r.state))
    return false;
  const auto parent = parent_of(r, number);
  if (is_new) {
    insert_.run(r.tenant, r.id, r.session, r.parent, parent, static_cast<std::int64_t>(r.state),
                time_number(r.created_at), time_number(r.expires_at));
    number = db_.last_row();
  } else {
    update_.run(number, r.session, r.parent, parent, static_cast<std::int64_t>(r.state),
                time_number(r.created_at), time_number(r.expires_at));
    drop_items_.run(number);
  }
  keep_object_.run(number, r.object, r.if_interrupted);
  keep_items(r, number);
  return is_new;
}

bool response_table::add(const response_record& r) {
  return place_of(r.key()).number == 0 && keep(r);
}

void response_table::keep_items(const response_record& r, std::int64_t number) const {
  std::int64_t position = 0;
  const auto keep_all = [&](const auto& items, bool is_output) {
    for (const auto& item : items)
      keep_item_.run(number, position++, r.tenant, item.id, std::int64_t{is_output}, item.json);
  };
  keep_all(r.input, false);
  keep_all(r.output, true);
}

response_table::place response_table::place_of(const response_key& key) const {
  auto row = find_(key.tenant, key.id);
  if (!row.next())
    return {};
  return {row.number(0), state_of(row.number(1))};
}

/// The row of a response's parent. Parents have lower numbers, so that no chain is a circle.
/// @param number The response's own row; 0 if it has none yet.
std::optional<std::int64_t> response_table::parent_of(const response_record& r,
                                                      std::int64_t number) const {
  if (r.parent.empty())
    return std::nullopt;
  const auto parent = place_of({r.tenant, r.parent}).number;
  if (parent == 0 || (number != 0 && parent >= number))
    return std::nullopt;
  return parent;
}

// -- to look -------------------------------------------------------------------------------------

response_finding response_table::show(const response_key& key, time_point now) const {
  response_finding result;
  auto row = show_(key.tenant, key.id, time_number(now));
  if (!row.next())
    return result;
  auto& r = result.record.emplace();
  r.tenant = key.tenant;
  r.id = key.id;
  r.session = row.text(1);
  r.parent = row.text(2);
  r.state = state_of(row.number(3));
  r.created_at = time_of(row.number(4));
  r.expires_at = time_of(row.number(5));
  r.object = row.text(6);
  r.if_interrupted = row.text(7);
  read_items(r, row.number(0));
  return result;
}

void response_table::read_items(response_record& r, std::int64_t number) const {
  auto items = items_(number);
  while (items.next())
    (items.number(2) == 0 ? r.input : r.output).push_back(item_of(items));
}

void response_table::for_each(const std::function<void(const response_record&)>& f) const {
  const auto query =
      db_.prepare("SELECT number, tenant, id, session, parent, state, created_at, expires_at, "
                  "iif(interrupted <> '' AND state = 0, interrupted, object) "
                  "FROM responses JOIN response_objects ON response = number ORDER BY number");
  auto row = query();
  while (row.next()) {
    response_record r;
    r.tenant = row.text(1);
    r.id = row.text(2);
    r.session = row.text(3);
    r.parent = row.text(4);
    const auto state = state_of(row.number(5));
    r.state = state == response_state::running ? response_state::closed : state;
    r.created_at = time_of(row.number(6));
    r.expires_at = time_of(row.number(7));
    r.object = row.text(8);
    read_items(r, row.number(0));
    f(r);
  }
}

response_chain response_table::show(const chain_query& query, time_point now) const {
  response_chain result;
  std::vector<std::int64_t> chain;
  {
    auto row = newest_(query.newest.tenant, query.newest.id, time_number(now));
    result.found = row.next();
    if (!result.found)
      return result;
    chain.push_back(row.number(0));
    result.session = row.text(1);
    result.state = state_of(row.number(2));
  }
  for (;;) {
    auto row = parent_(chain.back());
    if (!row.next() || row.is_null(0))
      break;
    chain.push_back(row.number(0));
  }
  for (auto i = chain.rbegin(); i != chain.rend(); ++i)
    result.output = append_items(result.items, *i);
  return result;
}

/// @returns how many of them are output.
std::size_t response_table::append_items(std::vector<stored_item>& items,
                                         std::int64_t number) const {
  std::size_t output = 0;
  auto row = items_(number);
  while (row.next()) {
    items.push_back(item_of(row));
    output += row.number(2) == 0 ? 0 : 1;
  }
  return output;
}

item_finding response_table::show(const item_query& query, time_point now) const {
  item_finding result;
  for (const auto& id : query.ids) {
    auto row = item_(query.tenant, id, time_number(now));
    if (row.next())
      result.items.push_back(item_of(row));
  }
  return result;
}

bool response_table::has(const response_key& key, time_point now) const {
  return newest_(key.tenant, key.id, time_number(now)).next();
}

// -- to delete -----------------------------------------------------------------------------------

void response_table::expire(const response_key& key) const {
  expire_.run(key.tenant, key.id, before_all());
}

std::size_t response_table::expire_of(const session_key& session) const {
  expire_of_.run(session.tenant, session.id, before_all());
  return db_.changed();
}

void response_table::close_of(const session_key& session) const {
  close_of_.run(session.tenant, session.id, static_cast<std::int64_t>(response_state::closed));
}

std::size_t response_table::sweep(time_point now, std::size_t most) const {
  // One by one, since the one that is deleted may be the last that follows its parent.
  std::size_t swept = 0;
  for (; swept < most; ++swept) {
    std::int64_t number = 0;
    {
      auto row = expired_(time_number(now));
      if (!row.next())
        break;
      number = row.number(0);
    }
    remove_.run(number);
  }
  return swept;
}

} // namespace nekod
