#include "actors/store/sqlite/session_database.hpp"

#include "actors/store/sqlite/session_schema.hpp"

#include <filesystem>

namespace nekod {

namespace {

/// Before all runs, so that its records are always unsure.
constexpr std::int64_t unsure_run = 0;

} // namespace

session_database::session_database(const std::string& file, texts t) try
    : texts_(t),
      db_(open_session_file(file)),
      run_(begin_run()),
      sessions_(db_, db_.number("SELECT sure_since FROM runs")),
      messages_(db_),
      answers_(db_),
      listing_(db_),
      begin_(db_.prepare("BEGIN IMMEDIATE")),
      commit_(db_.prepare("COMMIT")) {
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
    // The next run will treat the records as unsure, which does no harm.
  }
}

/// Also shows at once whether the file can be written. Reads before that, including all of one
/// index: a damaged file stays as it is.
/// @returns the run's number.
std::int64_t session_database::begin_run() {
  count_ = committed_count_ = static_cast<std::size_t>(db_.number("SELECT count(*) FROM sessions"));
  db_.execute("UPDATE runs SET number = number + 1, ended_well = 0, "
              "sure_since = CASE WHEN ended_well THEN sure_since ELSE number + 1 END");
  return db_.number("SELECT number FROM runs");
}

/// Removes texts that an earlier run stored.
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
    // The start of the next batch will report what is wrong.
  }
}

commit_outcome session_database::commit(const session_commit& c) {
  const auto had_batch = batch_;
  const auto outcome = in_batch([&] { return write(c); });
  if (outcome == commit_outcome::refused && !had_batch)
    undo(); // Nothing was written.
  return outcome;
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
    ++count_;
  } else {
    sessions_.update(number, r, run);
  }
  if (texts_ == texts::kept) {
    messages_.apply(number, c.messages);
    answers_.keep(number, key.tenant, r.answer);
  }
  return commit_outcome::kept;
}

bool session_database::remove(const session_key& key) {
  leases_.drop(key);
  return in_batch([&] {
    const auto removed = sessions_.remove(key);
    count_ -= removed;
    return removed > 0;
  });
}

std::size_t session_database::sweep(const session_expiry& expiry, std::size_t most) {
  return in_batch([&] {
    const auto swept = sweep(sessions_.used_before(expiry.used), most);
    return swept + sweep(sessions_.made_before(expiry.made), most - swept);
  });
}

/// Deletes those sessions of *oldest* that no token holds.
std::size_t session_database::sweep(sqlite::rows oldest, std::size_t most) {
  std::vector<session_key> over;
  while (over.size() < most && oldest.next()) {
    session_key key{std::string{oldest.text(0)}, std::string{oldest.text(1)}};
    if (!leases_.is_held(key))
      over.push_back(std::move(key));
  }
  for (const auto& key : over)
    count_ -= sessions_.remove(key);
  return over.size();
}

void session_database::try_write() {
  in_batch([&] { db_.execute("UPDATE runs SET ended_well = 0"); });
}

void session_database::write_batch() {
  if (!batch_)
    return;
  // Fails, as it should, if SQLite undid the batch by itself after a failed read.
  in_batch([&] { commit_.run(); });
  batch_ = false;
  committed_count_ = count_;
}

// -- reading -------------------------------------------------------------------------------------

bool session_database::forgets_answer(const session_wanted& wanted) const {
  return wanted.answer == earlier_answer::forgotten && answers_.has(wanted.tenant, wanted.identity);
}

session_taken session_database::take(const session_wanted& wanted) {
  if (forgets_answer(wanted))
    in_batch([&] { answers_.forget(wanted.tenant, wanted.identity); });
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

std::string session_database::digest_key() {
  auto query = db_.prepare("SELECT hex(key) FROM digest_key");
  auto row = query();
  return row.next() ? std::string{row.text(0)} : std::string{};
}

} // namespace nekod
