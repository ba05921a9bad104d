#pragma once

#include "actors/session/conversation/conversation_tip.hpp"
#include "actors/store/session_token.hpp"
#include "actors/turn.hpp"
#include "actors/upstream/upstream.hpp"
#include "protocol/chat/answer_end.hpp"
#include "protocol/chat/deltas.hpp"
#include "protocol/chat/request.hpp"
#include "protocol/sessions/sessions.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// The values of a session that others use: its record for the store, its report for the registry.
namespace nekod {

/// An answered turn, kept for a client that sends its request again.
struct answered_turn {
  answered_turn() = default;

  /// As the turn's.
  std::string identity;
  /// Whether the session's record keeps it, too: the request has an idempotency key; or its client
  /// counts repetitions, and names the session or repeats the conversation so far.
  bool lasting = false;
  session_match match = session_match::fresh;
  /// How often its client had sent the request before, when it sent it last; nothing if the client
  /// does not count.
  std::optional<unsigned> count;
  answer_identity answer_id;
  /// All pieces of the answer, and its end.
  deltas pieces;
  chat::answer_end end;
  /// The upstream and the model that answered, if another upstream than the request's did; else
  /// empty. Not in the record.
  std::string answered_by;
  std::string model;
};

/// A session as it is stored: enough to go on in its upstream chat.
struct session_record {
  session_record() = default;

  session_info info;
  upstream_chat chat;
  /// The digest of the scope that it began in; empty for none.
  std::string scope;
  /// Recognises a client that names no session. Only the digest is stored; without one the session
  /// cannot be recognised.
  conversation_tip tip;
  /// The digest of the prompt that the upstream's chat was told; nothing if it is not known, or the
  /// upstream keeps no chats.
  std::optional<std::string> prompt;
  /// The conversation so far. If the upstream keeps its chats: texts alone, without the oldest if
  /// it grew too long.
  std::vector<chat::message> transcript;
  /// The last answered turn, if it is lasting.
  std::optional<answered_turn> answer;
  /// The client's notes on the conversation: a JSON object.
  std::string metadata = "{}";
};

/// The state of a session, for the registry.
struct session_report {
  session_report() = default;

  session_info info;
  /// The token that holds it in the store.
  session_token token;
  std::string scope;
  /// The conversation's, while no turn runs or waits; else it is not to be recognised.
  conversation_tip tip;
  /// The identity of the turn that runs, or was answered last; empty if the session cannot answer
  /// its repetition.
  std::string identity;
  /// Turns that the session was given so far.
  std::uint64_t turns = 0;
  /// Whether each of them has been answered, or has failed.
  bool resting = false;
};

} // namespace nekod
