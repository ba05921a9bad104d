#include "actors/store/sqlite/message_table.hpp"

#include "protocol/openai/upstream/whole_messages.hpp"

#include <string>

namespace nekod {

message_table::message_table(sqlite::connection& db)
    : read_(db.prepare("SELECT message, items FROM messages WHERE session = ?1 ORDER BY position")),
      exists_(db.prepare(
          "SELECT EXISTS (SELECT 1 FROM messages WHERE session = ?1 AND position = ?2)")),
      add_(db.prepare("INSERT INTO messages VALUES (?1, ?2, ?3, ?4)")),
      cut_(db.prepare("DELETE FROM messages WHERE session = ?1 AND position >= ?2")) {}

std::vector<chat::message> message_table::read(std::int64_t session) const {
  std::vector<chat::message> result;
  auto row = read_(session);
  // Changes count messages, so one that cannot be read keeps its position, as an empty one.
  while (row.next()) {
    result.push_back(openai::parse_message(row.text(0)).value_or(chat::message{}));
    result.back().items = row.text(1);
  }
  return result;
}

bool message_table::has_kept(std::int64_t session, const message_changes& changes) const {
  if (changes.kept == 0)
    return true;
  auto row = exists_(session, static_cast<std::int64_t>(changes.kept) - 1);
  return row.next() && row.number(0) != 0;
}

void message_table::apply(std::int64_t session, const message_changes& changes) const {
  auto position = static_cast<std::int64_t>(changes.kept);
  cut_.run(session, position);
  std::string json;
  for (const auto& m : changes.added) {
    json.clear();
    openai::append_message(json, m);
    add_.run(session, position++, json, m.items);
  }
}

} // namespace nekod
