#pragma once

#include "actors/registry/model_choice.hpp"
#include "actors/runtime/home_loop.hpp"
#include "actors/session/answer_log.hpp"
#include "actors/session/conversation/conversation_digest.hpp"
#include "actors/session/response_recorder.hpp"
#include "actors/upstream/upstream.hpp"
#include "protocol/chat/failure.hpp"
#include "protocol/chat/request.hpp"
#include "protocol/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// A turn in its three forms: as the client asks for it, as the session gets it, and as its reply
/// learns of it.
namespace nekod {

/// The rule that found the session of a turn; `X-Session-Match` on the wire.
enum class session_match : std::uint8_t {
  /// The client named the session.
  explicit_id,
  /// The client named the last response of the session, and the request has the whole conversation
  /// from the store. `explicit` on the wire.
  predecessor,
  /// The request repeats the conversation so far.
  transcript,
  /// The session already has this very request. Never on the wire: the answer has the match of the
  /// first request.
  repeated,
  /// A new session that begins with the user's text alone.
  fresh,
  /// A new session that is told a system prompt or a history first.
  seeded,
};

/// The match's word on the wire.
std::string_view name_of(session_match m) noexcept;

/// The stored response that a turn follows.
struct turn_predecessor {
  turn_predecessor() = default;
  turn_predecessor(std::string r, std::string s) : response(std::move(r)), session(std::move(s)) {}

  std::string response;
  /// The session that answered it.
  std::string session;
};

/// The conversation that a turn goes on in.
struct turn_conversation {
  turn_conversation() = default;

  bool is_named() const noexcept { return !id.empty(); }

  /// As in `session_info`; empty for none.
  std::string id;
  /// Its session.
  std::string session;
  /// How long that session is kept after the turn, at least; zero for ever.
  std::chrono::seconds kept_for{0};
};

/// The history that a request has left out, since the session that answered last has it in memory:
/// the turn costs what it adds. Another session, or one that is not as expected, needs it told.
struct left_out_history {
  left_out_history() = default;

  /// The prompt that the session has to have, without the texts of items; nothing for any.
  std::optional<std::string> instructions;
  /// Makes the request that tells the history, without what comes in header fields. Calls back
  /// once. May be called, and calls back, on any thread.
  std::function<void(std::function<void(result<chat::request, chat::failure>)>)> tell;
};

/// The ties of a turn to stored responses and conversations, which its request names or leaves out.
struct turn_ties {
  turn_ties() = default;

  /// The response that the turn follows, if the client named one. The request has the conversation
  /// up to that, too, if it is not left out.
  std::optional<turn_predecessor> follows;
  /// The conversation that it goes on in, if the client named one. The request has only what is
  /// new.
  turn_conversation conversation;
  /// Null if the request has all that it needs.
  std::shared_ptr<const left_out_history> left_out;
  /// Whether the oldest turns may be left out where the upstream finds the conversation too long.
  bool may_truncate = false;
  /// Keeps the answer; null for an API that keeps no answers.
  std::shared_ptr<const response_recorder> recorder;
  /// The identity of its answer, if clients know it already.
  std::optional<answer_identity> answer_id;
};

/// A turn as a client asks for it.
struct open_turn : turn_ties {
  open_turn() = default;

  std::shared_ptr<const chat::request> request;
  /// The owner of the turn's session; tenants never share one.
  std::string tenant;
  /// Counts further turns against the caller's limits, for a request for several answers that cost
  /// a turn each. Returns the refusal if they are too many. May be empty; may be called on any
  /// thread.
  std::function<std::optional<chat::failure>(std::uint32_t)> count_further;
  /// The loop of its client's connection, on which a session that it creates lives.
  home_loop home;
};

/// A turn with everything that the registry decided.
struct turn : turn_ties {
  turn() = default;

  std::shared_ptr<const chat::request> request;
  model_choice model;
  session_match match = session_match::fresh;
  request_digests digests;
  /// The session that the client named; empty for none.
  std::string name;
  /// The digest of the scope that the client sent the request in; empty for none.
  std::string scope;
  /// The same for a request and its repetitions.
  std::string identity;
  /// The abilities of the model's upstream.
  upstream_abilities abilities;
  /// The loop of its client's connection.
  home_loop home;
};

/// The beginning of a turn, for its reply.
struct turn_head {
  turn_head() = default;

  std::string session_id;
  session_match match = session_match::fresh;
  /// The upstream that answers, as far as that is decided; empty for none.
  std::string upstream;
  /// The model's name for the client.
  std::string model;
  /// As in `model_choice`.
  bool fallback = false;
  /// Of the model's upstream.
  upstream_abilities abilities;
  /// The answer's log, which has a reader under the number of the reply's actor.
  std::shared_ptr<answer_log> answer;
  /// Whether the answer belongs to an earlier request, which this one repeats.
  bool replayed = false;
  /// Whether the log is kept for clients that come back. Its bytes are counted, and no reader holds
  /// the upstream up.
  bool kept = false;
};

/// The beginning of the turn *t* in that session, without the answer's log.
turn_head head_of(const turn& t, std::string session_id);

/// A client that left before the end of its answer.
struct client_left {
  client_left() = default;

  std::chrono::steady_clock::time_point when;
  /// Whether it is about to send its request again.
  bool returns = false;
};

} // namespace nekod
