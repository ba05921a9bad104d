#include "actors/store/session_database.hpp"

#include "actors/store/answer_json.hpp"
#include "actors/store/session_schema.hpp"
#include "protocol/openai/chat/transcript_json.hpp"

#include <filesystem>

namespace nekod {

namespace {

using sqlite::blob;
using std::chrono::microseconds;
using std::chrono::system_clock;

std::int64_t to_number(system_clock::time_point t) {
  return std::chrono::floor<microseconds>(t.time_since_epoch()).count();
}

system_clock::time_point to_time(std::int64_t number) {
  return system_clock::time_point{microseconds{number}};
}

/// Of the columns that every query begins with.
openai::session_info info_of(const sqlite::rows& row) {
  openai::session_info info;
  info.id = row.text(0);
  info.tenant = row.text(1);
  info.model = row.text(2);
  info.created_at = to_time(row.number(3));
  info.last_used = to_time(row.number(4));
  info.turns = static_cast<std::uint64_t>(row.number(5));
  info.has_upstream_chat = !row.text(6).empty();
  return info;
}

/// Before all runs, so that its records are never sure.
constexpr std::int64_t unsure_run = 0;

constexpr const char* record_query =
    "SELECT id, tenant, model, created_at, last_used, turns, chat_id, chat_model, chat_is_new, "
    "unsettled_message, tip, messages, run, chat_upstream, chat_account, identity, answer, "
    "chat_messages, scope, prompt "
    "FROM sessions LEFT JOIN transcripts ON transcripts.session = number "
    "LEFT JOIN answers ON answers.session = number ";

constexpr const char* list_query =
    "SELECT id, tenant, model, created_at, last_used, turns, chat_id FROM sessions "
    "WHERE (created_at, id) > (?1, ?2) ";

constexpr const char* list_order = "ORDER BY created_at, id LIMIT ?3";

} // namespace

session_database::session_database(const std::string& file, texts t) try
    : texts_(t),
      db_(open_session_file(file)),
      begin_(db_.prepare("BEGIN IMMEDIATE")),
      commit_(db_.prepare("COMMIT")),
      update_(db_.prepare(
          "UPDATE sessions SET model = ?4, last_used = ?5, turns = ?6, tip = ?7, chat_id = ?8, "
          "chat_model = ?9, chat_is_new = ?10, unsettled_message = ?11, run = ?12, "
          "chat_upstream = ?13, chat_account = ?14, chat_messages = ?15, scope = ?16, "
          "prompt = ?17 WHERE id = ?1 AND tenant = ?2 AND created_at = ?3 RETURNING number")),
      replace_(db_.prepare("DELETE FROM sessions WHERE tenant = ?1 AND id = ?2")),
      insert_(db_.prepare(
          "INSERT INTO sessions (id, tenant, created_at, model, last_used, turns, tip, chat_id, "
          "chat_model, chat_is_new, unsettled_message, run, chat_upstream, chat_account, "
          "chat_messages, scope, prompt) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)")),
      keep_transcript_(db_.prepare("INSERT OR REPLACE INTO transcripts VALUES (?1, ?2)")),
      keep_answer_(db_.prepare("INSERT OR REPLACE INTO answers VALUES (?1, ?2, ?3, ?4)")),
      forget_(db_.prepare("DELETE FROM answers WHERE owner = ?1 AND identity = ?2")),
      remove_(db_.prepare("DELETE FROM sessions WHERE tenant = ?1 AND id = ?2")),
      sweep_unused_(db_.prepare("DELETE FROM sessions WHERE number IN (SELECT number FROM sessions "
                                "WHERE last_used < ?1 ORDER BY last_used LIMIT ?2)")),
      sweep_old_(db_.prepare("DELETE FROM sessions WHERE number IN (SELECT number FROM sessions "
                             "WHERE created_at < ?1 ORDER BY created_at LIMIT ?2)")),
      load_(db_.prepare(std::string{record_query} + "WHERE tenant = ?1 AND id = ?2")),
      show_(db_.prepare("SELECT id, tenant, model, created_at, last_used, turns, chat_id "
                        "FROM sessions WHERE id = ?1 AND (?2 OR tenant = ?3) "
                        "ORDER BY tenant = ?3 DESC, last_used DESC LIMIT 1")),
      find_(db_.prepare(std::string{record_query} +
                        "WHERE tenant = ?1 AND scope = ?2 AND tip = ?3 AND tip <> x'' "
                        "ORDER BY last_used DESC LIMIT 1")),
      answered_(db_.prepare(std::string{record_query} + "WHERE owner = ?1 AND identity = ?2 "
                                                        "ORDER BY last_used DESC LIMIT 1")),
      list_all_(db_.prepare(std::string{list_query} + list_order)),
      list_own_(db_.prepare(std::string{list_query} + "AND tenant = ?4 " + list_order)),
      count_own_(db_.prepare("SELECT sessions FROM tenants WHERE tenant = ?1")),
      exists_(db_.prepare("SELECT EXISTS (SELECT 1 FROM sessions WHERE tenant = ?1 AND id = ?2)")) {
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

/// An earlier run may have kept them.
void session_database::drop_texts() {
  if (db_.number("SELECT EXISTS (SELECT 1 FROM transcripts)") == 0)
    return;
  db_.execute("DELETE FROM transcripts; DELETE FROM answers");
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

void session_database::keep(const session_record& record) {
  in_batch([&] {
    auto number = keep_info(record);
    if (texts_ == texts::dropped)
      return;
    keep_transcript_.run(number, openai::transcript_json(record.transcript));
    if (const auto& a = record.answer)
      keep_answer_.run(number, record.info.tenant, blob{a->identity}, answer_json(*a));
  });
}

/// @returns the number of the session's row.
std::int64_t session_database::keep_info(const session_record& r) {
  auto write = [&](const sqlite::statement& s) {
    return s(r.info.id, r.info.tenant, to_number(r.info.created_at), r.info.model,
             to_number(r.info.last_used), static_cast<std::int64_t>(r.info.turns), blob{r.tip},
             r.chat.id, r.chat.model, std::int64_t{r.chat.is_new}, r.chat.unsettled_message,
             r.chat.unsure ? unsure_run : run_, r.chat.upstream, r.chat.account,
             static_cast<std::int64_t>(r.chat.messages), r.scope, sqlite::nullable{r.prompt});
  };
  if (auto updated = write(update_); updated.next())
    return updated.number(0);
  // Where there is one of that id all the same, it is of another session that had it before.
  replace_.run(r.info.tenant, r.info.id);
  count_ -= db_.changed();
  write(insert_).next();
  ++count_;
  return db_.last_row();
}

void session_database::forget(const std::string& tenant, const std::string& identity) {
  in_batch([&] { forget_.run(tenant, blob{identity}); });
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

/// Of the one row, if there is one, that a query for a record has.
session_lookup session_database::record_of(sqlite::rows row) const {
  session_lookup result;
  result.found = row.next();
  if (!result.found)
    return result;
  auto& record = result.record;
  record.info = info_of(row);
  record.chat.id = row.text(6);
  record.chat.model = row.text(7);
  record.chat.is_new = row.number(8) != 0;
  record.chat.unsettled_message = row.text(9);
  record.tip = row.text(10);
  record.transcript = openai::parse_transcript(row.text(11));
  record.chat.upstream = row.text(13);
  record.chat.account = row.text(14);
  record.chat.messages = static_cast<std::uint64_t>(row.number(17));
  record.scope = row.text(18);
  if (!row.is_null(19))
    record.prompt = row.text(19);
  record.answer = parse_answer(row.text(16));
  if (record.answer)
    record.answer->identity = row.text(15);
  record.chat.unsure = !record.chat.id.empty() && row.number(12) < sure_since_;
  return result;
}

session_lookup session_database::load(const session_key& key) {
  return record_of(load_(key.tenant, key.id));
}

session_finding session_database::show(const std::string& id, const session_view& view) {
  auto row = show_(id, std::int64_t{view.all}, view.tenant);
  session_finding result;
  result.found = row.next();
  if (result.found)
    result.info = info_of(row);
  return result;
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

openai::session_page session_database::list(const session_query& query) {
  openai::session_page page;
  auto after = query.after.value_or(openai::session_place{system_clock::time_point::min(), {}});
  // One more than asked for tells whether there are more.
  auto most = static_cast<std::int64_t>(query.limit) + 1;
  auto begin = to_number(after.created_at);
  auto row = query.view.all ? list_all_(begin, after.id, most)
                            : list_own_(begin, after.id, most, query.view.tenant);
  while (row.next()) {
    if (page.sessions.size() == query.limit)
      page.next = page.sessions.back().place();
    else
      page.sessions.push_back(info_of(row));
  }
  page.total = total(query);
  return page;
}

std::uint64_t session_database::total(const session_query& query) {
  auto result = static_cast<std::uint64_t>(count_);
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
