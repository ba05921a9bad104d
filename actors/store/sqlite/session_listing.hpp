#pragma once

#include "actors/store/session_lookup.hpp"
#include "actors/store/sqlite/sqlite.hpp"
#include "protocol/sessions/session_list.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace nekod {

/// Lists and shows the sessions of a file, without their messages. All functions may throw
/// `sqlite::error`.
class session_listing {
public:
  explicit session_listing(sqlite::connection& db);

  /// A session of that id in that view.
  session_finding show(const std::string& id, const session_view& view) const;

  /// A page of the sessions. Its cost depends neither on where it begins nor on the number of
  /// sessions.
  /// @param count The number of sessions in the file.
  session_page list(const session_query& query, std::size_t count) const;

private:
  std::uint64_t total(const session_query& query, std::size_t count) const;

  sqlite::statement show_;
  sqlite::statement list_all_;
  sqlite::statement list_own_;
  sqlite::statement count_own_;
  sqlite::statement exists_;
};

} // namespace nekod
