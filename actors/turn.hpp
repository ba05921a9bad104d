#pragma once

#include "actors/registry/model_choice.hpp"
#include "actors/runtime/home_loop.hpp"
#include "actors/session/answer_log.hpp"
#include "actors/session/conversation_digest.hpp"
#include "actors/upstream/upstream.hpp"
#include "protocol/openai/chat/request.hpp"
#include "protocol/openai/errors.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// A turn on its way: as the client asks for it, as the session gets it, and as its reply learns of
/// it.
namespace nekod {

/// The rule that found the session of a turn; `X-Session-Match` on the wire.
enum class session_match : std::uint8_t {
  /// The client named the session.
  explicit_id,
  /// The request repeats the conversation so far.
  transcript,
  /// The session already has this very request. Never on the wire: the answer carries the match of
  /// the first request.
  repeated,
  /// A new session that begins with the user's text alone.
  fresh,
  /// A new session that is told a system prompt or a history first.
  seeded,
};

/// The match's word on the wire.
std::string_view name_of(session_match m) noexcept;

/// A turn that a client asks for.
struct open_turn {
  open_turn() = default;

  std::shared_ptr<const openai::chat_request> request;
  /// The owner of the turn's session; tenants never share one.
  std::string tenant;
  /// Counts further turns against the caller's limits, for a request that wants several answers
  /// which each cost a turn. Returns the refusal if they are too many. May be empty; may be called
  /// on any thread.
  std::function<std::optional<openai::error>(std::uint32_t)> count_further;
  /// The loop of its client's connection, where a session that begins with it lives.
  home_loop home;
};

/// A turn with all that the registry decided.
struct turn {
  turn() = default;

  std::shared_ptr<const openai::chat_request> request;
  model_choice model;
  session_match match = session_match::fresh;
  request_digests told;
  /// The session that the client named; empty for none.
  std::string name;
  /// The digest of the scope that the client sent the request in; empty for none.
  std::string scope;
  /// Equal for a request and its repetitions.
  std::string identity;
  /// The abilities of the model's upstream.
  upstream_abilities abilities;
  /// The upstream that answers, if it is another than the model's; else empty.
  std::string answered_by;
  /// The loop of its client's connection.
  home_loop home;
};

/// What a reply learns when its turn begins.
struct turn_head {
  turn_head() = default;

  std::string session_id;
  turn what;
  /// The answer, where the reply is a reader by the number of its actor.
  std::shared_ptr<answer_log> answer;
  /// Whether the answer belongs to an earlier request, which this one repeats.
  bool replayed = false;
};

/// A client that left before the end of its answer.
struct client_left {
  client_left() = default;

  std::chrono::steady_clock::time_point when;
  /// Whether it is about to send its request again.
  bool returns = false;
};

} // namespace nekod
