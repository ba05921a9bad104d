#pragma once

#include "protocol/openai/errors.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

/// The bodies of the endpoints that OpenAI does not have: sessions, health and the front page.
/// Shapes and texts are the manual's.
namespace nekod::openai {

/// Where a session stands in lists: oldest first, equal times by id.
struct session_place {
  session_place() = default;
  session_place(std::chrono::system_clock::time_point t, std::string i)
      : created_at(t), id(std::move(i)) {}

  bool operator==(const session_place& other) const {
    return created_at == other.created_at && id == other.id;
  }
  bool operator<(const session_place& other) const {
    return std::tie(created_at, id) < std::tie(other.created_at, other.id);
  }

  std::chrono::system_clock::time_point created_at;
  std::string id;
};

/// The place as clients hand it back. It means the same when that session is gone.
std::string to_text(const session_place& p);

/// The place of such a text, if it is one.
std::optional<session_place> parse_place(std::string_view text);

/// A session as `GET /sessions` shows it.
struct session_info {
  session_info() = default;

  session_place place() const { return {created_at, id}; }

  std::string id;
  /// Whose it is; not shown.
  std::string tenant;
  /// The model's name as clients write it.
  std::string model;
  /// In whole microseconds, as stores keep it.
  std::chrono::system_clock::time_point created_at;
  /// When its last turn began or ended.
  std::chrono::system_clock::time_point last_used;
  /// Turns that were answered.
  std::uint64_t turns = 0;
  /// Whether the upstream has a chat for it.
  bool has_upstream_chat = false;
  /// How it stands, in a word of a fixed set: it is not in memory, or what it does there.
  std::string_view state = "stored";
};

/// Some of the sessions, in the order of their places.
struct session_page {
  session_page() = default;

  std::vector<session_info> sessions;
  /// How many there are, on all pages.
  std::uint64_t total = 0;
  /// Behind which the next page begins, where there is one.
  std::optional<session_place> next;
};

/// UTC as `2023-03-01T12:00:00.000000`, the manual's form.
std::string timestamp(std::chrono::system_clock::time_point t);

/// `{"sessions":[...],"total":n,"has_more":false}`; where there is more, also `"next":...` with the
/// place.
std::string session_list_json(const session_page& page);

/// One of them.
std::string session_json(const session_info& s);

/// `{"status":"success","message":"会话已删除"}`.
std::string session_deleted_json(language lang);

/// The same for many, with `"deleted":n`.
std::string sessions_deleted_json(std::uint64_t count, language lang);

/// The manual's `{"status":"error","message":...}` with our `error` object beside it, so that
/// readers of either find what they look for.
std::string session_missing_json(language lang);

/// `{"status":"healthy","timestamp":...,"version":...}`.
std::string health_json(std::chrono::system_clock::time_point now, std::string_view version);

/// `{"status":"alive"}`: the process answers.
std::string alive_json();

/// A limit that accounts of an upstream have met for a model.
struct shown_limit {
  /// As the upstream calls it; empty for calls that are for no model.
  std::string model;
  std::size_t accounts = 0;
  /// Until the first of them may be asked again.
  std::chrono::seconds left{0};
};

/// How an upstream stands: its circuit breaker (`closed`, `open`, `half_open`), how many of its
/// accounts are in which state, why turns may not be for it now, and the limits it has told.
struct upstream_standing {
  std::string name;
  std::string circuit = "closed";
  /// Stable words.
  std::vector<std::string> reasons;
  std::vector<shown_limit> limits;
  std::size_t working = 0;
  std::size_t refused = 0;
  std::size_t limited = 0;
  std::size_t unreachable = 0;
};

/// Whether turns can be answered: `{"status":"ready","reasons":[],"upstreams":[...]}`, or
/// `not_ready` with stable words.
std::string readiness_json(const std::vector<std::string>& reasons,
                           const std::vector<upstream_standing>& upstreams = {});

/// `GET /`: what this is, and where its endpoints are.
std::string front_page_json(std::string_view version);

} // namespace nekod::openai
