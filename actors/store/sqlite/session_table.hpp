#pragma once

#include "actors/session/session_record.hpp"
#include "actors/store/session_lookup.hpp"
#include "actors/store/sqlite/sqlite.hpp"
#include "protocol/sessions/session_list.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace nekod {

/// The rows of the sessions in a file, with their records but for the messages. All may throw
/// `sqlite::error`.
class session_table {
public:
  /// @param sure_since The first run whose records are sure.
  session_table(sqlite::connection& db, std::int64_t sure_since);

  /// Where a session is.
  struct place {
    /// Of its row.
    std::int64_t number = 0;
    /// Of its record; 0 if there is none.
    std::uint64_t version = 0;
  };

  place find(const session_key& session) const;

  // Rows of sessions, the one used last first. What is asked for outlives the rows.
  sqlite::rows with_id(const session_key& session) const;
  sqlite::rows with_tip(const session_tip& tip) const;
  sqlite::rows answering(const std::string& tenant, const std::string& identity) const;

  // Of such a row.
  static session_key key_of(const sqlite::rows& row);
  static place place_of(const sqlite::rows& row);
  /// The record, without its transcript.
  session_record record_of(const sqlite::rows& row) const;

  // Rows of tenant and id, the oldest first.
  sqlite::rows used_before(std::chrono::system_clock::time_point t) const;
  sqlite::rows made_before(std::chrono::system_clock::time_point t) const;

  /// Writes a record over the one in that row, with the next version.
  /// @param run The run that it is sure since.
  void update(std::int64_t number, const session_record& record, std::int64_t run) const;

  /// Writes the first record of a session. @returns the number of its row.
  std::int64_t insert(const session_record& record, std::int64_t run);

  /// Removes a session with all that it has. @returns how many there were: one, or none.
  std::size_t remove(const session_key& session);

private:
  sqlite::connection& db_;
  std::int64_t sure_since_;
  sqlite::statement find_;
  sqlite::statement with_id_;
  sqlite::statement with_tip_;
  sqlite::statement answering_;
  sqlite::statement used_before_;
  sqlite::statement made_before_;
  sqlite::statement update_;
  sqlite::statement insert_;
  sqlite::statement remove_;
};

} // namespace nekod
