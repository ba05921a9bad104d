#pragma once

#include "actors/session/message_changes.hpp"
#include "actors/session/session_record.hpp"
#include "actors/store/session_lookup.hpp"
#include "actors/store/session_token.hpp"
#include "protocol/sessions/session_list.hpp"

#include <cstdint>
#include <optional>
#include <string>

/// How a session is taken from the store, committed and released.
///
/// One token holds a session at a time. Only it may commit, and only on top of the version that it
/// knows: whatever else goes wrong, no record is overwritten by one that did not build on it.
namespace nekod {

/// What becomes of an earlier answer to the request of a turn.
enum class earlier_answer : std::uint8_t {
  /// It stays, and is not looked for.
  ignored,
  /// The session that gave it is wanted.
  wanted,
  /// It is forgotten: the request was meant anew, and may fail.
  forgotten,
};

/// The session that a turn wants, and the token that is to hold it. What names a session is tried
/// in the order of the members.
struct session_wanted {
  session_wanted() = default;

  session_token token;
  std::string tenant;
  /// Its id; empty where that is not known. It is held though it has no record yet.
  std::string id;
  /// The identity of the request.
  std::string identity;
  earlier_answer answer = earlier_answer::ignored;
  /// The conversation that the request tells.
  std::optional<session_tip> tip;
  /// The version of the record that the holder has; 0 for none.
  std::uint64_t known_version = 0;
};

/// By what a session was found.
enum class found_by : std::uint8_t { nothing, id, answer, tip };

/// A session that was taken.
struct session_taken {
  session_taken() = default;

  /// What holds it.
  session_token token;
  found_by by = found_by::nothing;
  session_key key;
  /// Of its record; 0 for none.
  std::uint64_t version = 0;
  /// Left out if its version is the known one.
  std::optional<session_record> record;
};

/// A commit: compared with the stored version, then set.
struct session_commit {
  session_commit() = default;

  session_token token;
  /// The version that it goes on from; 0 for no record. The new one is the next number.
  std::uint64_t version = 0;
  /// Replaces the stored one, but for its transcript, which is not looked at.
  session_record record;
  /// What becomes of the transcript.
  message_changes messages;
};

/// What became of a commit.
enum class commit_outcome : std::uint8_t {
  kept,
  /// The token does not hold the session, its record has another version, or messages that the
  /// commit builds on are not there. Nothing was written.
  refused,
};

} // namespace nekod
