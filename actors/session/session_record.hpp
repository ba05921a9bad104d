#pragma once

#include "actors/store/session_token.hpp"
#include "actors/turn.hpp"
#include "actors/upstream/upstream.hpp"
#include "protocol/chat/deltas.hpp"
#include "protocol/openai/chat/request.hpp"
#include "protocol/openai/chat/response.hpp"
#include "protocol/sessions/sessions.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// A session for others: its record for the store, its report for the registry.
namespace nekod {

/// An answered turn, kept for a client that sends its request again.
struct answered_turn {
  answered_turn() = default;

  std::string identity;
  /// Whether the session's record keeps it, too: the request has an idempotency key; or its client
  /// counts repetitions, and names the session or repeats the conversation so far.
  bool lasting = false;
  session_match match = session_match::fresh;
  answer_identity known_by;
  deltas pieces;
  openai::answer_end end;
  /// The upstream and the model that answered, if they differ from the request's. Not in the
  /// record.
  std::string answered_by;
  std::string model;
};

/// A session as it is stored: enough to go on in its upstream chat.
struct session_record {
  session_record() = default;

  openai::session_info info;
  upstream_chat chat;
  /// The digest of the scope that it began in; empty for none.
  std::string scope;
  /// The digest of the conversation so far, which recognises a client that names no session; empty
  /// if the session is not to be recognised.
  std::string tip;
  /// The digest of the prompt that the upstream's chat was told; nothing if it is unknown, or the
  /// upstream keeps no chats.
  std::optional<std::string> prompt;
  /// The conversation so far. For an upstream that keeps its chats: texts alone, without the oldest
  /// if it grew too long.
  std::vector<openai::message> transcript;
  /// The last answer, if it is lasting.
  std::optional<answered_turn> answer;
};

/// How a session stands, for the registry.
struct session_report {
  session_report() = default;

  openai::session_info info;
  /// What holds it in the store.
  session_token token;
  std::string scope;
  /// As in the record, while no turn runs or waits; else empty.
  std::string tip;
  /// The identity of the turn that runs, or was answered last; empty if the session cannot answer
  /// its repetition.
  std::string identity;
  /// Turns that the session was given so far.
  std::uint64_t turns = 0;
  /// Whether none of them runs or waits.
  bool resting = false;
};

} // namespace nekod
