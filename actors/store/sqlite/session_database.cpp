#include "actors/store/sqlite/session_database.hpp"

#include "actors/store/clearing.hpp"
#include "actors/store/sqlite/session_row.hpp"
#include "actors/store/sqlite/session_schema.hpp"
#include "actors/store/store_error.hpp"

#include <filesystem>

namespace nekod {

namespace {

/// Before all runs, so that its records are always unsure.
constexpr std::int64_t unsure_run = 0;

bool has_rows(sqlite::connection& db, const std::string& table) {
  return db.number("SELECT EXISTS (SELECT 1 FROM " + table + ")") != 0;
}

/// Reads an index of each table: a damaged file is not written to.
store_counts count_rows(sqlite::connection& db) {
  const auto count = [&](const std::string& table) {
    return static_cast<std::size_t>(db.number("SELECT count(*) FROM " + table));
  };
  return {count("sessions"), count("responses")};
}

/// Begins a run, which also shows at once whether the file can be written.
/// @returns the run's number.
std::int64_t begin_run(sqlite::connection& db) {
  db.execute("UPDATE runs SET number = number + 1, ended_well = 0, "
             "sure_since = CASE WHEN ended_well THEN sure_since ELSE number + 1 END");
  return db.number("SELECT number FROM runs");
}

/// Removes texts that an earlier run stored.
void drop_texts(sqlite::connection& db) {
  if (!has_rows(db, "messages") && !has_rows(db, "answers") && !has_rows(db, "responses"))
    return;
  db.execute("DELETE FROM messages; DELETE FROM answers; DELETE FROM responses");
  db.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

} // namespace

session_database::session_database(const std::string& file, texts t) try
    : texts_(t),
      db_(open_session_file(file)),
      batch_(db_, count_rows(db_)),
      run_(begin_run(db_)),
      sessions_(db_, db_.number("SELECT sure_since FROM runs")),
      messages_(db_),
      answers_(db_),
      responses_(db_),
      listing_(db_) {
  const auto path = std::filesystem::absolute(file).string();
  watch_.add(path);
  watch_.add(path + "-wal");
  if (texts_ == texts::dropped) {
    drop_texts(db_);
    batch_.counts().responses = 0;
  }
  response_table::end_interrupted(db_);
} catch (const sqlite::error& e) {
  throw store_error{file + " cannot be used: " + e.what(), e.may_pass()};
}

session_database::~session_database() {
  if (batch_.is_open())
    return;
  try {
    db_.execute("UPDATE runs SET ended_well = 1");
  } catch (const sqlite::error&) {
    // The next run will treat the records as unsure, which does no harm.
  }
}

// -- writing -------------------------------------------------------------------------------------

commit_outcome session_database::commit(const session_commit& c) {
  const auto had_batch = batch_.is_open();
  const auto outcome = batch_.join([&] { return write(c); });
  if (outcome == commit_outcome::refused && !had_batch)
    batch_.undo(); // Nothing was written.
  return outcome;
}

void session_database::commit(const response_record& r) {
  if (texts_ == texts::kept && may_be_written(r))
    batch_.join([&] { batch_.counts().responses += responses_.keep(r) ? 1 : 0; });
}

commit_outcome session_database::write(const session_commit& c) {
  const auto& r = c.record;
  const session_key key{r.info};
  auto [number, version] = sessions_.find(key);
  // A new session needs no `take`: its first commit takes it.
  if (version == 0 && c.version == 0 && !leases_.is_held(key))
    leases_.take(key, c.token);
  if (!leases_.holds(c.token, key) || c.version != version)
    return commit_outcome::refused;
  if (texts_ == texts::kept && !messages_.has_kept(number, c.messages))
    return commit_outcome::refused;
  const auto run = r.chat.unsure ? unsure_run : run_;
  if (version == 0) {
    number = sessions_.insert(r, run);
    ++batch_.counts().sessions;
  } else {
    sessions_.update(number, r, run);
  }
  if (texts_ == texts::kept) {
    messages_.apply(number, c.messages);
    answers_.keep(number, key.tenant, r.answer);
  }
  if (c.response)
    commit(*c.response);
  return commit_outcome::kept;
}

bool session_database::remove(const session_key& key) {
  leases_.drop(key);
  return batch_.join([&] {
    auto& counts = batch_.counts();
    const auto own = responses_.expire_of(key);
    counts.responses -= responses_.sweep(response_table::time_point::min(), own);
    const auto removed = sessions_.remove(key);
    counts.sessions -= removed;
    return removed > 0;
  });
}

bool session_database::remove(const response_key& key, std::chrono::system_clock::time_point now) {
  return batch_.join([&] {
    const auto was_visible = responses_.has(key, now);
    responses_.expire(key);
    batch_.counts().responses -= responses_.sweep(response_table::time_point::min(), store_step);
    return was_visible;
  });
}

void session_database::close(const session_key& session) {
  batch_.join([&] { responses_.close_of(session); });
}

std::size_t session_database::sweep(const session_expiry& expiry, std::size_t most) {
  std::size_t swept = 0;
  // Deletes those sessions of *oldest* that no token holds.
  const auto sweep_first = [&](sqlite::rows oldest) {
    std::vector<session_key> over;
    while (over.size() < most - swept && oldest.next()) {
      session_key key{std::string{oldest.text(0)}, std::string{oldest.text(1)}};
      if (!leases_.is_held(key))
        over.push_back(std::move(key));
    }
    for (const auto& key : over)
      batch_.counts().sessions -= sessions_.remove(key);
    swept += over.size();
  };
  return batch_.join([&] {
    sweep_first(sessions_.used_before(expiry.used));
    sweep_first(sessions_.kept_before(expiry.used, expiry.now));
    sweep_first(sessions_.made_before(expiry.made));
    const auto responses = responses_.sweep(expiry.now, most - swept);
    batch_.counts().responses -= responses;
    return swept + responses;
  });
}

void session_database::try_write() {
  batch_.join([&] { db_.execute("UPDATE runs SET ended_well = 0"); });
}

// -- reading -------------------------------------------------------------------------------------

bool session_database::forgets_answer(const session_wanted& wanted) const {
  return wanted.answer == earlier_answer::forgotten && answers_.has(wanted.tenant, wanted.identity);
}

session_taken session_database::take(const session_wanted& wanted) {
  if (forgets_answer(wanted))
    batch_.join([&] { answers_.forget(wanted.tenant, wanted.identity); });
  if (!wanted.id.empty()) {
    leases_.take({wanted.tenant, wanted.id}, wanted.token);
    const session_key key{wanted.tenant, wanted.id};
    auto row = sessions_.with_id(key);
    if (row.next())
      return taken(row, wanted, found_by::id);
    session_taken none;
    none.token = wanted.token;
    return none;
  }
  if (wanted.answer == earlier_answer::wanted) {
    auto row = sessions_.answering(wanted.tenant, wanted.identity);
    if (next_free(row))
      return taken(row, wanted, found_by::answer);
  }
  if (const auto& tip = wanted.tip) {
    auto row = sessions_.with_tip(*tip);
    if (next_free(row))
      return taken(row, wanted, found_by::tip);
  }
  return {};
}

/// Moves to the next row of a session that no token holds; false if there is none.
bool session_database::next_free(sqlite::rows& row) const {
  while (row.next())
    if (!leases_.is_held(session_table::key_of(row)))
      return true;
  return false;
}

/// The session in *row*; the token holds it from now on.
session_taken session_database::taken(const sqlite::rows& row, const session_wanted& wanted,
                                      found_by by) {
  const auto [number, version] = session_table::location_of(row);
  session_taken result;
  result.token = wanted.token;
  result.by = by;
  result.key = session_table::key_of(row);
  result.version = version;
  if (version != wanted.known_version) {
    result.record = sessions_.record_of(row);
    result.record->transcript = messages_.read(number);
  }
  leases_.take(result.key, wanted.token);
  return result;
}

conversation_finding session_database::show(const conversation_query& query) const {
  conversation_finding result;
  auto row = sessions_.with_conversation(query);
  result.found = row.next();
  if (!result.found)
    return result;
  result.info = info_of(row);
  result.metadata = session_table::metadata_of(row);
  if (query.with_messages)
    result.messages = messages_.read(session_table::location_of(row).number);
  return result;
}

std::string session_database::digest_key() {
  auto query = db_.prepare("SELECT hex(key) FROM digest_key");
  auto row = query();
  return row.next() ? std::string{row.text(0)} : std::string{};
}

} // namespace nekod
