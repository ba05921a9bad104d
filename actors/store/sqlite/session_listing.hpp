#pragma once

#include "actors/store/session_lookup.hpp"
#include "actors/store/sqlite/sqlite.hpp"
#include "protocol/sessions/session_list.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace nekod {

/// Lists and shows the sessions of a file, without what is said in them. All may throw
/// `sqlite::error`.
class session_listing {
public:
  explicit session_listing(sqlite::connection& db);

  /// A session of that id in that view.
  session_finding show(const std::string& id, const session_view& view) const;

  /// A page of the sessions. It costs the same wherever it begins, and however many there are.
  /// @param count How many sessions there are in the file.
  openai::session_page list(const session_query& query, std::size_t count) const;

private:
  std::uint64_t total(const session_query& query, std::size_t count) const;

  sqlite::statement show_;
  sqlite::statement list_all_;
  sqlite::statement list_own_;
  sqlite::statement count_own_;
  sqlite::statement exists_;
};

} // namespace nekod
