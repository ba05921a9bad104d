#include "actors/store/sqlite/session_table.hpp"

#include "actors/store/record_time.hpp"
#include "actors/store/sqlite/answer_json.hpp"
#include "actors/store/sqlite/session_row.hpp"

namespace nekod {

namespace {

using sqlite::blob;

/// A query for the records of the sessions that match *condition*.
std::string record_query(const std::string& condition) {
  return "SELECT " + info_columns +
         ", number, version, chat_model, chat_is_new, unsettled_message, tip, run, chat_upstream, "
         "chat_account, chat_messages, scope, prompt, metadata, identity, answer "
         "FROM sessions LEFT JOIN answers ON answers.session = number WHERE " +
         condition;
}

/// The columns of `record_query`, in its order.
struct column {
  enum : int {
    chat_id = first_other_column - 1,
    number,
    version,
    chat_model,
    chat_is_new,
    unsettled_message,
    tip,
    run,
    chat_upstream,
    chat_account,
    chat_messages,
    scope,
    prompt,
    metadata,
    identity,
    answer,
  };
};

/// NULL for a session that is not kept.
std::optional<std::int64_t> kept_until(const session_record& r) {
  if (r.info.kept_until == std::chrono::system_clock::time_point::min())
    return std::nullopt;
  return time_number(r.info.kept_until);
}

} // namespace

session_table::session_table(sqlite::connection& db, std::int64_t sure_since)
    : db_(db),
      sure_since_(sure_since),
      find_(db.prepare("SELECT number, version FROM sessions WHERE tenant = ?1 AND id = ?2")),
      with_id_(db.prepare(record_query("tenant = ?1 AND id = ?2"))),
      with_tip_(db.prepare(record_query("tenant = ?1 AND scope = ?2 AND tip = ?3 AND tip <> x'' "
                                        "ORDER BY last_used DESC"))),
      answering_(db.prepare(record_query("owner = ?1 AND identity = ?2 ORDER BY last_used DESC"))),
      with_conversation_(db.prepare(
          record_query("tenant = ?1 AND conversation = ?2 AND conversation <> '' LIMIT 1"))),
      used_before_(db.prepare("SELECT tenant, id FROM sessions "
                              "WHERE kept_until IS NULL AND last_used < ?1 ORDER BY last_used")),
      kept_before_(db.prepare("SELECT tenant, id FROM sessions "
                              "WHERE kept_until <= ?2 AND last_used < ?1 ORDER BY kept_until")),
      made_before_(
          db.prepare("SELECT tenant, id FROM sessions WHERE created_at < ?1 ORDER BY created_at")),
      update_(db.prepare(
          "UPDATE sessions SET version = version + 1, created_at = ?2, model = ?3, last_used = ?4, "
          "turns = ?5, tip = ?6, chat_id = ?7, chat_model = ?8, chat_is_new = ?9, "
          "unsettled_message = ?10, run = ?11, chat_upstream = ?12, chat_account = ?13, "
          "chat_messages = ?14, scope = ?15, prompt = ?16, newest_response = ?17, "
          "kept_until = ?18, metadata = ?19 WHERE number = ?1")),
      rename_(db.prepare("UPDATE sessions SET conversation = ?2 "
                         "WHERE number = ?1 AND conversation <> ?2")),
      insert_(db.prepare(
          "INSERT INTO sessions (id, tenant, created_at, model, last_used, turns, tip, chat_id, "
          "chat_model, chat_is_new, unsettled_message, run, chat_upstream, chat_account, "
          "chat_messages, scope, prompt, conversation, newest_response, kept_until, metadata) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, "
          "?18, ?19, ?20, ?21)")),
      remove_(db.prepare("DELETE FROM sessions WHERE tenant = ?1 AND id = ?2")) {}

session_table::location session_table::find(const session_key& session) const {
  auto row = find_(session.tenant, session.id);
  location result;
  if (row.next()) {
    result.number = row.number(0);
    result.version = static_cast<std::uint64_t>(row.number(1));
  }
  return result;
}

sqlite::rows session_table::with_id(const session_key& session) const {
  return with_id_(session.tenant, session.id);
}

sqlite::rows session_table::with_tip(const session_tip& tip) const {
  return with_tip_(tip.tenant, tip.scope, blob{tip.digest});
}

sqlite::rows session_table::answering(const std::string& tenant,
                                      const std::string& identity) const {
  return answering_(tenant, blob{identity});
}

sqlite::rows session_table::with_conversation(const conversation_query& query) const {
  return with_conversation_(query.tenant, query.id);
}

session_key session_table::key_of(const sqlite::rows& row) { return session_key{info_of(row)}; }

session_table::location session_table::location_of(const sqlite::rows& row) {
  return {row.number(column::number), static_cast<std::uint64_t>(row.number(column::version))};
}

session_record session_table::record_of(const sqlite::rows& row) const {
  session_record record;
  record.info = info_of(row);
  record.chat.id = row.text(column::chat_id);
  record.chat.model = row.text(column::chat_model);
  record.chat.is_new = row.number(column::chat_is_new) != 0;
  record.chat.unsettled_message = row.text(column::unsettled_message);
  record.chat.upstream = row.text(column::chat_upstream);
  record.chat.account = row.text(column::chat_account);
  record.chat.messages = static_cast<std::uint64_t>(row.number(column::chat_messages));
  record.chat.unsure = !record.chat.id.empty() && row.number(column::run) < sure_since_;
  record.tip = conversation_tip::stored(std::string{row.text(column::tip)});
  record.scope = row.text(column::scope);
  if (!row.is_null(column::prompt))
    record.prompt = row.text(column::prompt);
  record.metadata = metadata_of(row);
  record.answer = parse_answer(row.text(column::answer));
  if (record.answer)
    record.answer->identity = row.text(column::identity);
  return record;
}

void session_table::for_each(const std::function<void(session_record, std::int64_t)>& f) const {
  const auto query = db_.prepare(record_query("true ORDER BY created_at, id, tenant"));
  auto row = query();
  while (row.next())
    f(record_of(row), location_of(row).number);
}

std::string session_table::metadata_of(const sqlite::rows& row) {
  return std::string{row.text(column::metadata)};
}

sqlite::rows session_table::used_before(std::chrono::system_clock::time_point t) const {
  return used_before_(time_number(t));
}

sqlite::rows session_table::kept_before(std::chrono::system_clock::time_point t,
                                        std::chrono::system_clock::time_point now) const {
  return kept_before_(time_number(t), time_number(now));
}

sqlite::rows session_table::made_before(std::chrono::system_clock::time_point t) const {
  return made_before_(time_number(t));
}

void session_table::update(std::int64_t number, const session_record& r, std::int64_t run) const {
  update_.run(number, time_number(r.info.created_at), r.info.model, time_number(r.info.last_used),
              static_cast<std::int64_t>(r.info.turns), blob{r.tip.digest()}, r.chat.id,
              r.chat.model, std::int64_t{r.chat.is_new}, r.chat.unsettled_message, run,
              r.chat.upstream, r.chat.account, static_cast<std::int64_t>(r.chat.messages), r.scope,
              sqlite::nullable{r.prompt}, r.info.newest_response, kept_until(r), r.metadata);
  // It hardly ever changes, and to write it would be to write its index.
  rename_.run(number, r.info.conversation);
}

std::int64_t session_table::insert(const session_record& r, std::int64_t run) {
  insert_.run(r.info.id, r.info.tenant, time_number(r.info.created_at), r.info.model,
              time_number(r.info.last_used), static_cast<std::int64_t>(r.info.turns),
              blob{r.tip.digest()}, r.chat.id, r.chat.model, std::int64_t{r.chat.is_new},
              r.chat.unsettled_message, run, r.chat.upstream, r.chat.account,
              static_cast<std::int64_t>(r.chat.messages), r.scope, sqlite::nullable{r.prompt},
              r.info.conversation, r.info.newest_response, kept_until(r), r.metadata);
  return db_.last_row();
}

std::size_t session_table::remove(const session_key& session) {
  remove_.run(session.tenant, session.id);
  return db_.changed();
}

} // namespace nekod
