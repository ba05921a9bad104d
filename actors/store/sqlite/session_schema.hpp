#pragma once

#include "actors/store/sqlite/sqlite.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

/// The file that session records are in: who may use it, and the shape of its tables.
namespace nekod {

/// Marks our files, at the place SQLite has for it: "neko".
inline constexpr std::int64_t session_file_mark = 0x6e656b6f;

/// The steps that lead from an empty file to today's tables. A file knows how many it has had; a
/// step that was released is never changed.
const std::vector<std::string>& session_schema_steps();

/// Why a file of sessions cannot be used.
class session_file_error : public std::runtime_error {
public:
  session_file_error(const std::string& text, bool may_pass)
      : std::runtime_error(text), may_pass_(may_pass) {}

  /// Whether it may do later though nobody mends it: the disk is full, say, or another process
  /// holds it.
  bool may_pass() const noexcept { return may_pass_; }

private:
  bool may_pass_;
};

/// Opens *file*, or makes it for this user alone, and takes it for this process alone. An older
/// one is brought up to date.
/// Waits some seconds for a file in use.
/// @throws session_file_error that names the file and what is wrong. A file that is not ours, is
/// broken, newer or in use was not written to.
sqlite::connection
open_session_file(const std::string& file,
                  const std::vector<std::string>& steps = session_schema_steps());

} // namespace nekod
