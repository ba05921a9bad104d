#pragma once

#include "protocol/sessions/sessions.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

/// Which sessions somebody asks for, and how long they last: questions that the registry puts to
/// sessions in memory, and a store to its records. Pure.
namespace nekod {

/// By which a session is known: ids are its tenant's, and another may use the same one.
struct session_key {
  session_key() = default;
  session_key(std::string t, std::string i) : tenant(std::move(t)), id(std::move(i)) {}
  explicit session_key(const openai::session_info& s) : session_key(s.tenant, s.id) {}

  bool operator==(const session_key&) const = default;
  bool operator<(const session_key& other) const {
    return std::tie(tenant, id) < std::tie(other.tenant, other.id);
  }

  std::string tenant;
  std::string id;
};

/// Whose sessions are asked for.
struct session_view {
  session_view() = default;

  bool has(const openai::session_info& s) const { return all || s.tenant == tenant; }

  std::string tenant;
  /// Whether it may see those of all tenants. Of several with the id that it asks for it means its
  /// own, else the one that was used last.
  bool all = false;
};

/// Sessions on one page of a list, at most; and where the client does not say, so that whoever
/// knows nothing of pages sees all of what is usual.
inline constexpr std::size_t largest_page = 1000;

/// A page that is asked for.
struct session_query {
  session_query() = default;

  session_view view;
  std::size_t limit = largest_page;
  /// Behind which it begins; nothing for the first one.
  std::optional<openai::session_place> after;
  /// Sessions in memory that may have no record yet: part of the total all the same.
  std::vector<session_key> unrecorded;
};

/// The sessions in memory at one moment, as far as a query is about them.
struct live_sessions {
  live_sessions() = default;

  /// Those behind the query's place.
  std::vector<openai::session_info> sessions;
  /// Whose records say nothing: the session says it itself, or is being deleted.
  std::set<session_key> keys;
};

/// One page of records and sessions in memory. The records are of a later moment than the sessions,
/// so that one that left memory between is not missed.
openai::session_page merge(openai::session_page records, live_sessions live, std::size_t limit);

/// Which sessions are to be deleted: those that all its parts are true of.
struct session_filter {
  session_filter() = default;

  bool has(const openai::session_info& s) const;

  session_view view;
  /// Those made later are not meant.
  std::chrono::system_clock::time_point created_until;
  /// Last used before that.
  std::optional<std::chrono::system_clock::time_point> used_before;
  /// Empty for any.
  std::string model;
  /// Sessions whose records stay, whatever they say.
  std::set<session_key> spared;
};

/// What is past its time: what was last used, or made, before these.
struct session_expiry {
  session_expiry() = default;

  bool has(const openai::session_info& s) const {
    return s.last_used < used || s.created_at < made;
  }

  std::chrono::system_clock::time_point used = std::chrono::system_clock::time_point::min();
  std::chrono::system_clock::time_point made = std::chrono::system_clock::time_point::min();
};

/// How long sessions last.
struct session_lifetime {
  explicit session_lifetime(std::chrono::seconds without_use, std::chrono::seconds at_all = {})
      : unused(without_use), age(at_all) {}

  session_expiry expiry(std::chrono::system_clock::time_point now) const;

  /// How often a store looks for what is past it.
  std::chrono::seconds sweep_interval() const;

  /// Since the last use.
  std::chrono::seconds unused;
  /// Since the beginning, used or not; zero for no limit.
  std::chrono::seconds age;
};

/// The time, as precise as stores keep it.
std::chrono::system_clock::time_point recorded_now();

} // namespace nekod
