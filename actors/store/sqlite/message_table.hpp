#pragma once

#include "actors/session/conversation/message_changes.hpp"
#include "actors/store/sqlite/sqlite.hpp"

#include <cstdint>
#include <vector>

namespace nekod {

/// The messages of the sessions in a file, one per row. All functions may throw `sqlite::error`.
class message_table {
public:
  explicit message_table(sqlite::connection& db);

  /// The messages of a session, by the number of its row.
  std::vector<chat::message> read(std::int64_t session) const;

  /// Whether the session has as many messages as *changes* keep, so that they can be applied.
  bool has_kept(std::int64_t session, const message_changes& changes) const;

  /// Applies changes: writes what they add, and removes what they replace.
  void apply(std::int64_t session, const message_changes& changes) const;

private:
  sqlite::statement read_;
  sqlite::statement exists_;
  sqlite::statement add_;
  sqlite::statement cut_;
};

} // namespace nekod
