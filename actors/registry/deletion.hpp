#pragma once

#include "actors/registry/live_sessions.hpp"
#include "protocol/sessions/session_list.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

namespace nekod {

/// Sessions in memory end, each with its record: their actors first, which write nothing more then.
struct ends_sessions {
  std::vector<session_key> sessions;
};

/// The record of a session that is not in memory goes.
struct removes_record {
  session_key session;
};

/// The records of many sessions go.
struct clears_records {
  session_filter records;
};

/// The deletion is over.
struct deletion_over {
  /// The sessions that there were.
  std::uint64_t deleted = 0;
  /// Whether the store failed, so that records may be left.
  bool failed = false;
};

/// Whether a session that ended had a record.
enum class removed_record : std::uint8_t { none, one };

/// The next step of a deletion.
using deletion_step = std::variant<ends_sessions, removes_record, clears_records, deletion_over>;

/// The deletion of one session, or of all that a filter means.
///
/// A session in memory ends before its record goes, so that it cannot write it again; until then
/// its name stays taken. Of many, those in memory go first, then the records of the others, then
/// those that came to memory meanwhile, which were counted with their records.
///
/// Pure: `next` says what to do. Once that is done, which `gone`, `removed` and `fail` tell, `next`
/// is called again.
class deletion {
public:
  explicit deletion(session_key session) : target_(std::move(session)) {}
  explicit deletion(session_filter sessions) : target_(std::move(sessions)) {}

  /// The next step. Sessions that are to end are leaving *live* from then on.
  deletion_step next(live_sessions& live);

  /// Whether the record of a session whose actor has ended is to be removed: not if another
  /// deletion was faster, so that the name may be in use again.
  static bool removes(const session_key& session, const live_sessions& live);

  /// Notes that a session in memory is gone, and forgets it.
  /// @param record Whether the store removed a record of it.
  /// @returns whether it was the last one of this step.
  bool gone(const session_key& session, removed_record record, live_sessions& live);

  /// Notes how many records the store has removed.
  void removed(std::uint64_t records) { deleted_ += records; }

  /// Notes that the store failed. Sessions that end already do so; no further step is made.
  void fail() { failed_ = true; }

private:
  enum class phase : std::uint8_t { in_memory, records, late, over };
  /// Whether a session in memory counts when it is gone, or did so with the records.
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
