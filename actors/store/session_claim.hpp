#pragma once

#include "actors/session/conversation/message_changes.hpp"
#include "actors/session/session_record.hpp"
#include "actors/store/response_record.hpp"
#include "actors/store/session_lookup.hpp"
#include "actors/store/session_token.hpp"
#include "protocol/sessions/session_list.hpp"

#include <cstdint>
#include <optional>
#include <string>

/// How a session is taken from the store, committed and released.
///
/// One token holds a session at a time. Only that token may commit, and only on top of the version
/// that it knows. Whatever else goes wrong, a record is never overwritten by one that is not based
/// on it.
namespace nekod {

/// How an earlier answer to the request of a turn is treated.
enum class earlier_answer : std::uint8_t {
  /// It stays, and is not looked for.
  ignored,
  /// The session that gave it is wanted.
  wanted,
  /// It is deleted: the request is a new one, and may fail.
  forgotten,
};

/// The session that a turn wants, and the token that is to hold it. The members that identify a
/// session are tried in their order.
struct session_wanted {
  session_wanted() = default;

  session_token token;
  std::string tenant;
  /// Its id; empty if it is not known. The token holds it even if it has no record yet.
  std::string id;
  /// The identity of the request.
  std::string identity;
  earlier_answer answer = earlier_answer::ignored;
  /// The conversation that the request contains.
  std::optional<session_tip> tip;
  /// The version of the record that the token's owner has; 0 for none.
  std::uint64_t known_version = 0;
};

/// The criterion by which a session was found.
enum class found_by : std::uint8_t { nothing, id, answer, tip };

/// A session that was taken.
struct session_taken {
  session_taken() = default;

  /// The token that holds it.
  session_token token;
  found_by by = found_by::nothing;
  session_key key;
  /// The version of its record; 0 for none.
  std::uint64_t version = 0;
  /// Left out if its version is the known one.
  std::optional<session_record> record;
  /// The period of `node_hold` in which the token took it; nothing if no other node could.
  std::optional<std::uint64_t> period;
};

/// A commit: the version is compared with the stored one, then the record is replaced.
struct session_commit {
  session_commit() = default;

  session_token token;
  /// The version that it is based on; 0 for no record. The new version is the next number.
  std::uint64_t version = 0;
  /// Replaces the stored one, except for the transcript, which is ignored here.
  session_record record;
  /// The changes to the transcript.
  message_changes messages;
  /// The response that the turn ended with, stored together with it; replaces one with its id.
  std::optional<response_record> response;
};

/// The outcome of a commit.
enum class commit_outcome : std::uint8_t {
  kept,
  /// The token does not hold the session, its record has another version, or messages that the
  /// commit is based on are missing. Nothing was written.
  refused,
};

} // namespace nekod
