#include "actors/store/sqlite/file_batch.hpp"

namespace nekod {

file_batch::file_batch(sqlite::connection& db, const store_counts& counts)
    : db_(db),
      begin_(db.prepare("BEGIN IMMEDIATE")),
      commit_(db.prepare("COMMIT")),
      counts_(counts) {}

void file_batch::begin() {
  if (is_open_)
    return;
  begin_.run();
  is_open_ = true;
  committed_ = counts_;
}

void file_batch::commit() {
  if (!is_open_)
    return;
  // Fails, as it should, if SQLite undid the batch by itself after a failed read.
  join([this] { commit_.run(); });
  is_open_ = false;
}

void file_batch::undo() noexcept {
  if (is_open_)
    counts_ = committed_;
  is_open_ = false;
  try {
    if (db_.in_transaction())
      db_.execute("ROLLBACK");
  } catch (const sqlite::error&) {
    // The start of the next batch will report what is wrong.
  }
}

} // namespace nekod
