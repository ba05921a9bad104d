#pragma once

#include "actors/runtime/process/file_watch.hpp"
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

/// Session records in a file. Not for two threads at a time, and it blocks: its STORE has a thread
/// of its own.
///
/// What is written joins a batch, which everybody who reads here sees at once, and which nobody
/// loses any more after `commit`. Where a write fails, the whole batch is undone. All may throw
/// `sqlite::error`; the next call may succeed.
///
/// The file counts its runs, the times that it was opened. A chat in a record of a run that did not
/// end in good order, or of one before it, is unsure.
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

  /// Keeps a record, in place of an older one of its session.
  void keep(const session_record& record);

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

  /// A session of that id in that view.
  session_finding show(const std::string& id, const session_view& view);

  /// The session that was used last among those with that tip.
  session_lookup find(const session_tip& tip);

  /// Forgets the answer of that request.
  void forget(const std::string& tenant, const std::string& identity);

  /// The session of *tenant* that answered the request of that identity.
  session_lookup answered(const std::string& tenant, const std::string& identity);

  /// A page of the sessions. Costs the same wherever it begins, and however many there are.
  openai::session_page list(const session_query& query);

  /// The key that the tips in the file were made with.
  std::string digest_key();

  /// How many there are.
  std::size_t count() const noexcept { return count_; }

private:
  template <class Write>
  auto in_batch(Write write);
  void undo() noexcept;
  std::int64_t keep_info(const session_record& record);
  std::uint64_t total(const session_query& query);
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

  sqlite::statement begin_;
  sqlite::statement commit_;
  sqlite::statement update_;
  sqlite::statement replace_;
  sqlite::statement insert_;
  sqlite::statement keep_transcript_;
  sqlite::statement keep_answer_;
  sqlite::statement forget_;
  sqlite::statement remove_;
  sqlite::statement sweep_unused_;
  sqlite::statement sweep_old_;
  sqlite::statement load_;
  sqlite::statement show_;
  sqlite::statement find_;
  sqlite::statement answered_;
  sqlite::statement list_all_;
  sqlite::statement list_own_;
  sqlite::statement count_own_;
  sqlite::statement exists_;
};

} // namespace nekod
