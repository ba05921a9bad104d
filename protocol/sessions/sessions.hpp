#pragma once

#include "protocol/text/language.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

/// Sessions as the manual's `/sessions` shows them. Shapes and texts are the manual's.
namespace nekod {

/// A session's position in lists: oldest first, equal times by id.
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

/// The position as a cursor for clients. It stays valid when that session is gone.
std::string to_text(const session_place& p);

/// Reads such a cursor; nothing if *text* is not one.
std::optional<session_place> parse_place(std::string_view text);

/// A session as `GET /sessions` shows it.
struct session_info {
  session_info() = default;

  session_place place() const { return {created_at, id}; }

  /// Keeps it for at least that long from *now* on; zero for ever.
  void keep_for(std::chrono::seconds time, std::chrono::system_clock::time_point now);

  std::string id;
  /// The session's tenant; not shown.
  std::string tenant;
  /// The model's public name.
  std::string model;
  /// In whole microseconds, as in stores.
  std::chrono::system_clock::time_point created_at;
  /// When its last turn began or ended.
  std::chrono::system_clock::time_point last_used;
  /// Answered turns.
  std::uint64_t turns = 0;
  /// Whether the upstream has a chat for it.
  bool has_upstream_chat = false;
  /// Its id as a conversation: 48 hexadecimal digits. Not `id`, which a client may have chosen.
  std::string conversation;
  /// The response that its last turn ended with; empty if that turn came another way. Not shown.
  std::string newest_response;
  /// It does not expire before this, whenever it was used: a response of it is kept. Not shown.
  std::chrono::system_clock::time_point kept_until = std::chrono::system_clock::time_point::min();
  /// The response that runs in it and can be followed, as clients name it; empty for none.
  std::string running_response;
  /// Its state, a word of a fixed set: `stored` if it is not in memory, else what it does there.
  std::string_view state = "stored";
};

/// A page of sessions, in the order of their positions.
struct session_page {
  session_page() = default;

  std::vector<session_info> sessions;
  /// The number of sessions on all pages.
  std::uint64_t total = 0;
  /// The next page begins after this, if there is one.
  std::optional<session_place> next;
};

/// UTC as `2023-03-01T12:00:00.000000`, the manual's form.
std::string timestamp(std::chrono::system_clock::time_point t);

/// `{"sessions":[...],"total":n,"has_more":false}`; if there are more pages, also `"next"` with the
/// cursor.
std::string session_list_json(const session_page& page);

/// The same of a search, with `"searched":n`, the number of sessions it looked through.
std::string session_search_json(const session_page& page, std::size_t searched);

/// One session.
std::string session_json(const session_info& s);

/// `{"status":"success","message":"会话已删除"}`.
std::string session_deleted_json(language lang);

/// The same for many, with `"deleted":n`.
std::string sessions_deleted_json(std::uint64_t count, language lang);

/// The manual's `{"status":"error","message":...}` with our `error` object beside it, so that
/// clients find the one they expect.
std::string session_missing_json(language lang);

} // namespace nekod
