#pragma once

#include "actors/runtime/process/file_watch.hpp"
#include "actors/store/session_claim.hpp"
#include "actors/store/session_leases.hpp"
#include "actors/store/session_lookup.hpp"
#include "actors/store/sqlite/answer_table.hpp"
#include "actors/store/sqlite/file_batch.hpp"
#include "actors/store/sqlite/message_table.hpp"
#include "actors/store/sqlite/response_table.hpp"
#include "actors/store/sqlite/session_listing.hpp"
#include "actors/store/sqlite/session_table.hpp"
#include "actors/store/sqlite/sqlite.hpp"
#include "actors/store/store_health.hpp"
#include "protocol/sessions/session_list.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace nekod {

/// Session records and responses in a file. Blocks; to be used on one thread at a time: its STORE
/// has its own thread.
///
/// Writes join a batch. Reads see them at once; `write_batch` makes them durable. If a write fails,
/// the whole batch is undone. All functions may throw `sqlite::error`; the next call may succeed.
///
/// The file counts its runs: how often it was opened. A chat is unsure if its record is from a run
/// that crashed, or from an earlier one.
class session_database {
public:
  /// Whether texts of messages are stored, or only what is needed to find and continue a session.
  enum class texts : bool { dropped, kept };

  /// @throws store_error as `open_session_file` does.
  session_database(const std::string& file, texts t);

  /// Records that the file's last run ended properly, if everything that was written is on the
  /// disk.
  ~session_database();

  session_database(const session_database&) = delete;
  session_database& operator=(const session_database&) = delete;

  // These answer the messages of `store_actor`.
  session_taken take(const session_wanted& wanted);
  commit_outcome commit(const session_commit& c);
  void commit(const response_record& r);
  void release(const session_token& token) { leases_.release(token); }

  /// Whether `take` has an answer to delete, and therefore writes.
  bool forgets_answer(const session_wanted& wanted) const;

  /// Deletes a session with its responses. @returns whether there was a record.
  bool remove(const session_key& key);

  /// Deletes a response. @returns whether it could be seen at *now*.
  bool remove(const response_key& key, std::chrono::system_clock::time_point now);

  /// No response of the session can be followed any more, and they stay when it is deleted.
  void close(const session_key& session);

  /// Deletes at most *most* expired records that no token holds, and expired responses, the oldest
  /// first.
  /// @returns how many.
  std::size_t sweep(const session_expiry& expiry, std::size_t most);

  /// Writes the batch to the disk, if there is one.
  void write_batch() { batch_.commit(); }

  /// Undoes the batch, if there is one.
  void drop_batch() noexcept { batch_.undo(); }

  /// Writes without a change, to see whether the disk accepts it with the next `write_batch`.
  void try_write();

  /// @returns why the file, or SQLite's log beside it, is no longer in its place.
  std::optional<std::string> misplaced() const { return watch_.problem(); }

  /// Shared with everyone who needs to know whether the store works.
  const std::shared_ptr<store_health>& health() const noexcept { return health_; }

  /// A session of that id in that view.
  session_finding show(const std::string& id, const session_view& view) const {
    return listing_.show(id, view);
  }

  /// A page of the sessions, as in `session_listing`.
  session_page list(const session_query& query) const {
    return listing_.list(query, counts().sessions);
  }

  /// A conversation, whether a token holds its session or not.
  conversation_finding show(const conversation_query& query) const;

  /// The responses, for reading.
  const response_table& responses() const noexcept { return responses_; }

  /// The key with which the tips in the file were computed.
  std::string digest_key();

  /// The counts of the file.
  const store_counts& counts() const noexcept { return batch_.counts(); }

private:
  commit_outcome write(const session_commit& c);
  bool next_free(sqlite::rows& row) const;
  session_taken taken(const sqlite::rows& row, const session_wanted& wanted, found_by by);

  texts texts_;
  std::shared_ptr<store_health> health_ = std::make_shared<store_health>();
  file_watch watch_;
  sqlite::connection db_;
  file_batch batch_;
  std::int64_t run_;
  session_leases leases_;
  session_table sessions_;
  message_table messages_;
  answer_table answers_;
  response_table responses_;
  session_listing listing_;
};

} // namespace nekod
