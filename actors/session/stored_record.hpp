#pragma once

#include "actors/session/conversation/conversation_owner.hpp"
#include "actors/session/last_answer.hpp"
#include "actors/session/session_messages.hpp"
#include "actors/session/session_options.hpp"
#include "actors/session/session_record.hpp"
#include "actors/session/session_status.hpp"
#include "actors/session/upstream_link.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace nekod {

/// The parts of a session that its record is made of.
struct recorded_parts {
  session_status& status;
  conversation_owner& conversation;
  upstream_link& link;
  last_answer& last;
};

/// A session's record in the store: takes it, with which the session's parts go on, and commits
/// what they have become.
///
/// Each commit builds on the version before it, so that several may be under way. One that fails
/// leaves the record in doubt: the store may have either version. It is taken again before the next
/// turn; until then the version here is the older one.
class stored_record {
public:
  /// @param options Its scope becomes the record's. It and the parts must outlive this.
  stored_record(private_session_actor::pointer self, session_options& options,
                recorded_parts parts);

  /// Takes the record from the store, which then holds the session for its token.
  /// @param on_taken To be followed by `use`.
  /// @param on_failure Called if the store fails or is silent, or if another node works on the
  /// session for too long.
  void take(std::function<void(session_taken&)> on_taken,
            std::function<void(const chat::failure&)> on_failure);

  /// The session goes on from what the store gave: from the record; without one, and with another
  /// version than the known one, as a session that begins; else as it is.
  void use(session_taken taken);

  /// Commits the record as the parts are now, with an answered turn that is not yet kept.
  /// @param response The one that this turn ended with, if it is to be stored.
  /// @param on_committed May be empty.
  /// @param on_failure May be empty. Called if the store fails or is silent. The record is in doubt
  /// then, and the phase of a session between turns is `unknown`.
  void commit(std::optional<response_record> response, std::function<void()> on_committed,
              std::function<void()> on_failure);

  /// Commits the record between two turns; nothing waits for it.
  void save() { commit({}, {}, {}); }

  /// Replaces the client's notes on the conversation, as in `session_record`.
  void note(std::string metadata) { metadata_ = std::move(metadata); }

  bool is_in_doubt() const noexcept { return in_doubt_; }

private:
  void begin_from(session_record record);
  session_record record(const conversation_changes& conversation) const;
  void not_committed();

  private_session_actor::pointer self_;
  session_options& options_;
  recorded_parts parts_;
  /// The version if all commits that are under way succeed; 0 for none.
  std::uint64_t version_ = 0;
  bool in_doubt_ = false;
  /// As in `session_record`.
  std::string metadata_ = session_record{}.metadata;
};

} // namespace nekod
