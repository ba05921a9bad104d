#pragma once

#include "actors/store/sqlite/sqlite.hpp"
#include "actors/store/store_counts.hpp"

namespace nekod {

/// The writes to a file that reach the disk together. If one fails, all are undone. The functions
/// may throw `sqlite::error`; the next call may succeed.
class file_batch {
public:
  /// @param counts Those of the file.
  file_batch(sqlite::connection& db, const store_counts& counts);

  /// Calls *write*, whose writes join the batch. @returns what it returns.
  template <class Write>
  auto join(Write write) {
    try {
      begin();
      return write();
    } catch (const sqlite::error&) {
      undo();
      throw;
    }
  }

  /// Whether there are writes that are not on the disk; SQLite may have undone them by itself.
  bool is_open() const noexcept { return is_open_; }

  /// Writes the batch to the disk, if there is one.
  void commit();

  /// Undoes the batch, if there is one.
  void undo() noexcept;

  /// The counts of the file, as reads see it; undone with the batch.
  store_counts& counts() noexcept { return counts_; }
  const store_counts& counts() const noexcept { return counts_; }

private:
  void begin();

  sqlite::connection& db_;
  sqlite::statement begin_;
  sqlite::statement commit_;
  bool is_open_ = false;
  store_counts counts_;
  /// At the begin of the batch.
  store_counts committed_;
};

} // namespace nekod
