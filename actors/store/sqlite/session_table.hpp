#pragma once

#include "actors/session/session_record.hpp"
#include "actors/store/response_lookup.hpp"
#include "actors/store/session_lookup.hpp"
#include "actors/store/sqlite/sqlite.hpp"
#include "protocol/sessions/session_list.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace nekod {

/// The rows of the sessions in a file: their records without the messages. All functions may throw
/// `sqlite::error`.
class session_table {
public:
  /// @param sure_since The first run whose records are sure.
  session_table(sqlite::connection& db, std::int64_t sure_since);

  /// The row and the version of a session's record.
  struct location {
    /// The number of its row.
    std::int64_t number = 0;
    /// The version of its record; 0 if there is none.
    std::uint64_t version = 0;
  };

  location find(const session_key& session) const;

  // Rows of sessions, the most recently used first. The arguments must outlive the rows.
  sqlite::rows with_id(const session_key& session) const;
  sqlite::rows with_tip(const session_tip& tip) const;
  sqlite::rows answering(const std::string& tenant, const std::string& identity) const;
  sqlite::rows with_conversation(const conversation_query& query) const;

  // The key in such a row.
  static session_key key_of(const sqlite::rows& row);
  static location location_of(const sqlite::rows& row);
  /// The record, without its transcript.
  session_record record_of(const sqlite::rows& row) const;

  /// Calls *f* with each record, without its transcript, and the number of its row; by age.
  void for_each(const std::function<void(session_record, std::int64_t)>& f) const;

  /// The client's notes in such a row.
  static std::string metadata_of(const sqlite::rows& row);

  // Rows of tenant and id: of sessions last used before *t*, those that are not kept, and those
  // whose keeping ends at *now* or before; and of sessions created before *t*. The oldest first.
  sqlite::rows used_before(std::chrono::system_clock::time_point t) const;
  sqlite::rows kept_before(std::chrono::system_clock::time_point t,
                           std::chrono::system_clock::time_point now) const;
  sqlite::rows made_before(std::chrono::system_clock::time_point t) const;

  /// Replaces the record in that row, with the next version.
  /// @param run The run since which it is sure.
  void update(std::int64_t number, const session_record& record, std::int64_t run) const;

  /// Writes the first record of a session. @returns the number of its row.
  std::int64_t insert(const session_record& record, std::int64_t run);

  /// Removes a session with all its data. @returns the number of removed sessions: one or none.
  std::size_t remove(const session_key& session);

private:
  sqlite::connection& db_;
  std::int64_t sure_since_;
  sqlite::statement find_;
  sqlite::statement with_id_;
  sqlite::statement with_tip_;
  sqlite::statement answering_;
  sqlite::statement with_conversation_;
  sqlite::statement used_before_;
  sqlite::statement kept_before_;
  sqlite::statement made_before_;
  sqlite::statement update_;
  sqlite::statement rename_;
  sqlite::statement insert_;
  sqlite::statement remove_;
};

} // namespace nekod
