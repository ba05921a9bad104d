#pragma once

#include "actors/registry/live_sessions.hpp"
#include "protocol/sessions/session_list.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

namespace nekod {

/// Sessions in memory end, each with its record. Their actors end first, so that they write nothing
/// afterwards.
struct ends_sessions {
  std::vector<session_key> sessions;
};

/// The record of a session that is not in memory is removed.
struct removes_record {
  session_key session;
};

/// The records of many sessions are removed.
struct clears_records {
  session_filter records;
};

/// The deletion is over.
struct deletion_over {
  /// The number of deleted sessions.
  std::uint64_t deleted = 0;
  /// Whether the store failed, so that records may be left.
  bool failed = false;
};

/// Whether a session that ended had a record.
enum class removed_record : std::uint8_t { none, one };

/// The next step of a deletion.
using deletion_step = std::variant<ends_sessions, removes_record, clears_records, deletion_over>;

/// The deletion of one session, or of all that match a filter.
///
/// A session in memory ends before its record is removed, so that it cannot write it again; until
/// then its name stays taken. If many are deleted, those in memory go first, then the records of
/// the others, then those that came into memory meanwhile and were counted with their records.
///
/// Pure: `next` returns the next step. Once that is done, as `gone`, `removed` and `fail` report,
/// `next` is called again.
class deletion {
public:
  explicit deletion(session_key session) : target_(std::move(session)) {}
  explicit deletion(session_filter sessions) : target_(std::move(sessions)) {}

  /// The next step. Sessions that it ends are marked in *live* as leaving.
  deletion_step next(live_sessions& live);

  /// Whether the record of a session whose actor has ended is to be removed: not if another
  /// deletion was faster, since the name may be in use again.
  static bool removes(const session_key& session, const live_sessions& live);

  /// Records that a session in memory is gone, and removes it from *live*.
  /// @param record Whether the store removed its record.
  /// @returns whether it was the last one of this step.
  bool gone(const session_key& session, removed_record record, live_sessions& live);

  /// Records how many records the store has removed.
  void removed(std::uint64_t records) { deleted_ += records; }

  /// Records that the store failed. Sessions that are ending still end; there is no further step.
  void fail() { failed_ = true; }

private:
  enum class phase : std::uint8_t { in_memory, records, late, over };
  /// Whether a session in memory is counted when it is gone, or was counted with the records.
  enum class counted : std::uint8_t { here, with_records };

  deletion_step next_of(const session_key& session, live_sessions& live);
  deletion_step next_of(const session_filter& sessions, live_sessions& live);
  deletion_step end(std::vector<session_key> sessions, live_sessions& live);

  std::variant<session_key, session_filter> target_;
  phase phase_ = phase::in_memory;
  counted counts_ = counted::here;
  /// Sessions in memory that are not gone yet.
  std::size_t ending_ = 0;
  std::uint64_t deleted_ = 0;
  bool failed_ = false;
};

} // namespace nekod
