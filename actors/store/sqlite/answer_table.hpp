#pragma once

#include "actors/session/session_record.hpp"
#include "actors/store/sqlite/sqlite.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace nekod {

/// The answers for requests that are sent again, at most one per session of a file. All functions
/// may throw `sqlite::error`.
class answer_table {
public:
  explicit answer_table(sqlite::connection& db);

  /// Stores *answer* in place of the session's earlier one; without an answer only removes that.
  /// @param session The number of the session's row.
  void keep(std::int64_t session, const std::string& tenant,
            const std::optional<answered_turn>& answer) const;

  /// Whether a session of the tenant answered the request.
  bool has(const std::string& tenant, const std::string& identity) const;

  /// Removes the answers of a tenant's request.
  void forget(const std::string& tenant, const std::string& identity) const;

private:
  sqlite::statement keep_;
  sqlite::statement drop_;
  sqlite::statement has_;
  sqlite::statement forget_;
};

} // namespace nekod
