#include "actors/store/session_database.hpp"

#include "actors/store/answer_json.hpp"
#include "actors/store/session_row.hpp"
#include "actors/store/session_schema.hpp"

#include <filesystem>

namespace nekod {

namespace {

using sqlite::blob;

/// Before all runs, so that its records are never sure.
constexpr std::int64_t unsure_run = 0;

/// A query for the record of the sessions that *condition* holds for.
std::string record_query(const std::string& condition) {
  return "SELECT " + info_columns +
         ", number, chat_model, chat_is_new, unsettled_message, tip, run, chat_upstream, "
         "chat_account, chat_messages, scope, prompt, identity, answer "
         "FROM sessions LEFT JOIN answers ON answers.session = number WHERE " +
         condition;
}

/// The columns of `record_query`, in its order.
struct column {
  enum : int {
    chat_id = first_other_column - 1,
    number,
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
    identity,
    answer,
  };
};

} // namespace

session_database::session_database(const std::string& file, texts t) try
    : texts_(t),
      db_(open_session_file(file)),
      messages_(db_),
      answers_(db_),
      listing_(db_),
      begin_(db_.prepare("BEGIN IMMEDIATE")),
      commit_(db_.prepare("COMMIT")),
      number_(db_.prepare("SELECT number, created_at FROM sessions WHERE tenant = ?1 AND id = ?2")),
      update_(db_.prepare(
          "UPDATE sessions SET model = ?2, last_used = ?3, turns = ?4, tip = ?5, chat_id = ?6, "
          "chat_model = ?7, chat_is_new = ?8, unsettled_message = ?9, run = ?10, "
          "chat_upstream = ?11, chat_account = ?12, chat_messages = ?13, scope = ?14, prompt = ?15 "
          "WHERE number = ?1")),
      insert_(db_.prepare(
          "INSERT INTO sessions (id, tenant, created_at, model, last_used, turns, tip, chat_id, "
          "chat_model, chat_is_new, unsettled_message, run, chat_upstream, chat_account, "
          "chat_messages, scope, prompt) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)")),
      remove_(db_.prepare("DELETE FROM sessions WHERE tenant = ?1 AND id = ?2")),
      sweep_unused_(db_.prepare("DELETE FROM sessions WHERE number IN (SELECT number FROM sessions "
                                "WHERE last_used < ?1 ORDER BY last_used LIMIT ?2)")),
      sweep_old_(db_.prepare("DELETE FROM sessions WHERE number IN (SELECT number FROM sessions "
                             "WHERE created_at < ?1 ORDER BY created_at LIMIT ?2)")),
      load_(db_.prepare(record_query("tenant = ?1 AND id = ?2"))),
      find_(db_.prepare(record_query("tenant = ?1 AND scope = ?2 AND tip = ?3 AND tip <> x'' "
                                     "ORDER BY last_used DESC LIMIT 1"))),
      answered_(db_.prepare(
          record_query("owner = ?1 AND identity = ?2 ORDER BY last_used DESC LIMIT 1"))) {
  // Reads before anything is written, and all of one index: a broken file stays as it is.
  count_ = committed_count_ = static_cast<std::size_t>(db_.number("SELECT count(*) FROM sessions"));
  begin_run();
  const auto path = std::filesystem::absolute(file).string();
  watch_.add(path);
  watch_.add(path + "-wal");
  if (texts_ == texts::dropped)
    drop_texts();
} catch (const sqlite::error& e) {
  throw session_file_error{file + " cannot be used: " + e.what(), e.may_pass()};
}

session_database::~session_database() {
  if (batch_)
    return;
  try {
    db_.execute("UPDATE runs SET ended_well = 1");
  } catch (const sqlite::error&) {
    // The next run will not be sure of the records, which does no harm.
  }
}

/// Shows at once whether the file can be written, too.
void session_database::begin_run() {
  db_.execute("UPDATE runs SET number = number + 1, ended_well = 0, "
              "sure_since = CASE WHEN ended_well THEN sure_since ELSE number + 1 END");
  run_ = db_.number("SELECT number FROM runs");
  sure_since_ = db_.number("SELECT sure_since FROM runs");
}

/// Removes texts that an earlier run kept.
void session_database::drop_texts() {
  if (db_.number("SELECT EXISTS (SELECT 1 FROM messages)") == 0 &&
      db_.number("SELECT EXISTS (SELECT 1 FROM answers)") == 0)
    return;
  db_.execute("DELETE FROM messages; DELETE FROM answers");
  db_.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

// -- writing -------------------------------------------------------------------------------------

template <class Write>
auto session_database::in_batch(Write write) {
  try {
    if (!batch_) {
      begin_.run();
      batch_ = true;
    }
    return write();
  } catch (const sqlite::error&) {
    undo();
    throw;
  }
}

void session_database::undo() noexcept {
  batch_ = false;
  count_ = committed_count_;
  try {
    if (db_.in_transaction())
      db_.execute("ROLLBACK");
  } catch (const sqlite::error&) {
    // The next batch's beginning will say what is wrong.
  }
}

keep_outcome session_database::keep(const session_record& record, const message_changes& changes) {
  return in_batch([&] { return write(record, changes); });
}

keep_outcome session_database::write(const session_record& r, const message_changes& changes) {
  auto found = std::optional<std::int64_t>{};
  {
    auto row = number_(r.info.tenant, r.info.id);
    // A row of another time of creation is of a session that had the name before.
    if (row.next() && row.number(1) == to_number(r.info.created_at))
      found = row.number(0);
  }
  const auto stays = texts_ == texts::kept && changes.kept > 0;
  if (stays && !(found && messages_.has_kept(*found, changes)))
    return keep_outcome::refused;
  if (found)
    update(*found, r);
  const auto number = found ? *found : insert(r);
  if (texts_ == texts::kept) {
    messages_.apply(number, changes);
    answers_.keep(number, r.info.tenant, r.answer);
  }
  return keep_outcome::kept;
}

void session_database::update(std::int64_t number, const session_record& r) {
  update_.run(number, r.info.model, to_number(r.info.last_used),
              static_cast<std::int64_t>(r.info.turns), blob{r.tip}, r.chat.id, r.chat.model,
              std::int64_t{r.chat.is_new}, r.chat.unsettled_message, run_of(r), r.chat.upstream,
              r.chat.account, static_cast<std::int64_t>(r.chat.messages), r.scope,
              sqlite::nullable{r.prompt});
}

/// @returns the number of the session's row.
std::int64_t session_database::insert(const session_record& r) {
  remove_.run(r.info.tenant, r.info.id);
  count_ -= db_.changed();
  insert_.run(r.info.id, r.info.tenant, to_number(r.info.created_at), r.info.model,
              to_number(r.info.last_used), static_cast<std::int64_t>(r.info.turns), blob{r.tip},
              r.chat.id, r.chat.model, std::int64_t{r.chat.is_new}, r.chat.unsettled_message,
              run_of(r), r.chat.upstream, r.chat.account,
              static_cast<std::int64_t>(r.chat.messages), r.scope, sqlite::nullable{r.prompt});
  ++count_;
  return db_.last_row();
}

/// The run that a record is sure since.
std::int64_t session_database::run_of(const session_record& r) const noexcept {
  return r.chat.unsure ? unsure_run : run_;
}

void session_database::forget(const std::string& tenant, const std::string& identity) {
  in_batch([&] { answers_.forget(tenant, identity); });
}

bool session_database::remove(const session_key& key) {
  return in_batch([&] {
    remove_.run(key.tenant, key.id);
    count_ -= db_.changed();
    return db_.changed() > 0;
  });
}

std::size_t session_database::sweep(const session_expiry& expiry, std::size_t most) {
  return in_batch([&] {
    sweep_unused_.run(to_number(expiry.used), static_cast<std::int64_t>(most));
    auto swept = db_.changed();
    sweep_old_.run(to_number(expiry.made), static_cast<std::int64_t>(most - swept));
    swept += db_.changed();
    count_ -= swept;
    return swept;
  });
}

void session_database::try_write() {
  in_batch([&] { db_.execute("UPDATE runs SET ended_well = 0"); });
}

void session_database::commit() {
  if (!batch_)
    return;
  // Fails, as it should, where a failed read had SQLite undo the batch by itself.
  in_batch([&] { commit_.run(); });
  batch_ = false;
  committed_count_ = count_;
}

// -- reading -------------------------------------------------------------------------------------

/// The record in the first row of a `record_query`, if there is one.
session_lookup session_database::record_of(sqlite::rows row) const {
  session_lookup result;
  result.found = row.next();
  if (!result.found)
    return result;
  auto& record = result.record;
  record.info = info_of(row);
  record.chat.id = row.text(column::chat_id);
  record.chat.model = row.text(column::chat_model);
  record.chat.is_new = row.number(column::chat_is_new) != 0;
  record.chat.unsettled_message = row.text(column::unsettled_message);
  record.chat.upstream = row.text(column::chat_upstream);
  record.chat.account = row.text(column::chat_account);
  record.chat.messages = static_cast<std::uint64_t>(row.number(column::chat_messages));
  record.chat.unsure = !record.chat.id.empty() && row.number(column::run) < sure_since_;
  record.tip = row.text(column::tip);
  record.scope = row.text(column::scope);
  if (!row.is_null(column::prompt))
    record.prompt = row.text(column::prompt);
  record.answer = parse_answer(row.text(column::answer));
  if (record.answer)
    record.answer->identity = row.text(column::identity);
  record.transcript = messages_.read(row.number(column::number));
  return result;
}

session_lookup session_database::load(const session_key& key) {
  return record_of(load_(key.tenant, key.id));
}

session_lookup session_database::find(const session_tip& tip) {
  return record_of(find_(tip.tenant, tip.scope, blob{tip.digest}));
}

std::string session_database::digest_key() {
  auto query = db_.prepare("SELECT hex(key) FROM digest_key");
  auto row = query();
  return row.next() ? std::string{row.text(0)} : std::string{};
}

session_lookup session_database::answered(const std::string& tenant, const std::string& identity) {
  return record_of(answered_(tenant, blob{identity}));
}

} // namespace nekod
