#pragma once

#include "actors/runtime/home_loop.hpp"
#include "actors/session/answer_log.hpp"
#include "actors/session/session_record.hpp"
#include "actors/turn.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace nekod {

/// The last turn that a session answered, for a client that sends its request again; and whether
/// the stored record still has an answer that must not be replayed any more. Pure.
class last_answer {
public:
  /// From now on the record gets answers that are not lasting, too: the session leaves memory, and
  /// another node may get the repetition.
  void set_records_all() noexcept { records_all_ = true; }

  /// Goes on from a record's answer; nothing if it has none, or there is no record.
  void begin_from(std::optional<answered_turn> stored);

  /// The turn was answered, and is the last one from now on. An answer of `max_rereadable_bytes`
  /// bytes or more is not kept.
  /// @param count As in `answered_turn`.
  void remember(const turn& what, std::optional<unsigned> count, const answer_log& answer,
                const chat::answer_end& end);

  /// The request with that identity was meant anew. It may fail, and its client must not get the
  /// earlier answer then.
  void forget(const std::string& identity);

  /// The answered turn with that identity; null if it is not the last one. Valid until this
  /// changes.
  const answered_turn* find(const std::string& identity) const noexcept;

  /// The last turn, if it was answered and is kept.
  const std::optional<answered_turn>& last() const noexcept { return last_; }

  /// The count of the last turn, which there must be; to be raised.
  std::optional<unsigned>& count() noexcept { return last_->count; }

  /// The last turn for the record: nothing unless it is lasting, or all are recorded.
  std::optional<answered_turn> for_record() const;

  /// Whether the stored record has to be written only for its outdated answer.
  bool is_outdated_in_record() const noexcept { return outdated_in_record_; }

  /// A commit with `for_record` is under way.
  void commit_began() noexcept { outdated_in_record_ = false; }

  /// Such a commit failed: the stored record may be the older one, with an older answer.
  void commit_failed() noexcept { outdated_in_record_ = true; }

private:
  void forget();
  bool is_recorded() const noexcept { return last_ && (last_->lasting || records_all_); }

  std::optional<answered_turn> last_;
  bool outdated_in_record_ = false;
  bool records_all_ = false;
};

/// The answer of an answered turn once more, as a log.
std::shared_ptr<answer_log> replay(const answered_turn& t, home_loop home, std::size_t credit_step);

} // namespace nekod
