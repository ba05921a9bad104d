#pragma once

#include "actors/runtime/process/file_watch.hpp"
#include "actors/store/answer_table.hpp"
#include "actors/store/keep_outcome.hpp"
#include "actors/store/message_table.hpp"
#include "actors/store/session_listing.hpp"
#include "actors/store/session_lookup.hpp"
#include "actors/store/sqlite.hpp"
#include "actors/store/store_health.hpp"
#include "protocol/sessions/session_list.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace nekod {

/// Session records in a file. It blocks, and is for one thread at a time: its STORE has a thread of
/// its own.
///
/// Writes join a batch. Reads see them at once; `commit` makes them last. If a write fails, the
/// whole batch is undone. All functions may throw `sqlite::error`; the next call may succeed.
///
/// The file counts its runs: how often it was opened. A chat is unsure if its record is of a run
/// that crashed, or of one before that.
class session_database {
public:
  /// Whether texts of messages are kept, or what a session is found and goes on by alone.
  enum class texts : bool { dropped, kept };

  /// @throws session_file_error as `open_session_file` does.
  session_database(const std::string& file, texts t);

  /// Notes that the file's user ended in good order, if what was written is on the disk.
  ~session_database();

  session_database(const session_database&) = delete;
  session_database& operator=(const session_database&) = delete;

  /// Keeps a record, in place of an older one of its session, and applies the changes to its
  /// messages. The record's transcript is not looked at.
  keep_outcome keep(const session_record& record, const message_changes& changes);

  /// Forgets a session; says whether there was one.
  bool remove(const session_key& key);

  /// Forgets at most *most* of those that are past their time, the oldest first.
  /// @returns how many.
  std::size_t sweep(const session_expiry& expiry, std::size_t most);

  /// Brings the batch to the disk, if there is one.
  void commit();

  /// Undoes the batch, if there is one.
  void drop_batch() noexcept { undo(); }

  /// Writes what changes nothing, to see whether the disk takes it with the next `commit`.
  void try_write();

  /// @returns why the file, or the log of SQLite's beside it, is no longer in its place.
  std::optional<std::string> misplaced() const { return watch_.problem(); }

  /// Shared with those who are told how the store stands.
  const std::shared_ptr<store_health>& health() const noexcept { return health_; }

  session_lookup load(const session_key& key);

  /// The session that was used last among those with that tip.
  session_lookup find(const session_tip& tip);

  /// Forgets the answer of that request.
  void forget(const std::string& tenant, const std::string& identity);

  /// The session of *tenant* that answered the request of that identity.
  session_lookup answered(const std::string& tenant, const std::string& identity);

  /// A session of that id in that view.
  session_finding show(const std::string& id, const session_view& view) const {
    return listing_.show(id, view);
  }

  /// A page of the sessions, as in `session_listing`.
  openai::session_page list(const session_query& query) const {
    return listing_.list(query, count_);
  }

  /// The key that the tips in the file were made with.
  std::string digest_key();

  /// How many there are.
  std::size_t count() const noexcept { return count_; }

private:
  template <class Write>
  auto in_batch(Write write);
  void undo() noexcept;
  keep_outcome write(const session_record& record, const message_changes& changes);
  void update(std::int64_t number, const session_record& record);
  std::int64_t insert(const session_record& record);
  std::int64_t run_of(const session_record& record) const noexcept;
  void drop_texts();
  void begin_run();
  session_lookup record_of(sqlite::rows row) const;

  texts texts_;
  std::shared_ptr<store_health> health_ = std::make_shared<store_health>();
  file_watch watch_;
  sqlite::connection db_;
  /// Whether there is a batch; SQLite may have undone it by itself.
  bool batch_ = false;
  std::size_t count_ = 0;
  std::size_t committed_count_ = 0;
  std::int64_t run_ = 0;
  /// The first run whose records are sure.
  std::int64_t sure_since_ = 0;

  message_table messages_;
  answer_table answers_;
  session_listing listing_;
  sqlite::statement begin_;
  sqlite::statement commit_;
  sqlite::statement number_;
  sqlite::statement update_;
  sqlite::statement insert_;
  sqlite::statement remove_;
  sqlite::statement sweep_unused_;
  sqlite::statement sweep_old_;
  sqlite::statement load_;
  sqlite::statement find_;
  sqlite::statement answered_;
};

} // namespace nekod
