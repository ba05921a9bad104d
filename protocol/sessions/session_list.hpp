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

/// Which sessions a request is about, and when sessions expire: questions that the registry asks of
/// sessions in memory, and a store of its records. Pure.
namespace nekod {

/// Identifies a session: ids belong to a tenant, and another tenant may use the same one.
struct session_key {
  session_key() = default;
  session_key(std::string t, std::string i) : tenant(std::move(t)), id(std::move(i)) {}
  explicit session_key(const session_info& s) : session_key(s.tenant, s.id) {}

  bool operator==(const session_key&) const = default;
  bool operator<(const session_key& other) const {
    return std::tie(tenant, id) < std::tie(other.tenant, other.id);
  }

  std::string tenant;
  std::string id;
};

/// The sessions that a caller may see.
struct session_view {
  session_view() = default;

  bool has(const session_info& s) const { return all || s.tenant == tenant; }

  std::string tenant;
  /// Whether it may see those of all tenants. If several tenants have a session of the requested
  /// id, the caller's own one is meant, else the most recently used one.
  bool all = false;
};

/// The largest number of sessions on a page, and the default, so that clients that know nothing of
/// pages usually see all sessions.
inline constexpr std::size_t largest_page = 1000;

/// A request for a page.
struct session_query {
  session_query() = default;

  session_view view;
  std::size_t limit = largest_page;
  /// The page begins after this; nothing for the first page.
  std::optional<session_place> after;
  /// Sessions in memory that may have no record yet, but count towards the total.
  std::vector<session_key> unrecorded;
};

/// The sessions in memory at one moment that a query is about.
struct live_listing {
  live_listing() = default;

  /// Those after the query's cursor, in the order of lists; one more than fits on the page is
  /// enough.
  std::vector<session_info> sessions;
  /// Sessions whose records are ignored: the session itself is on this page or another, or is being
  /// deleted.
  std::set<session_key> keys;
};

/// One page of records and sessions in memory. The records are read later than the sessions, so
/// that a session that leaves memory in between is not missed.
session_page merge(session_page records, live_listing live, std::size_t limit);

/// Which sessions to delete: those that match all members.
struct session_filter {
  session_filter() = default;

  bool has(const session_info& s) const;

  session_view view;
  /// Sessions created later do not match.
  std::chrono::system_clock::time_point created_until;
  /// Matches sessions last used before this.
  std::optional<std::chrono::system_clock::time_point> used_before;
  /// Empty for any.
  std::string model;
  /// Sessions whose records stay in any case.
  std::set<session_key> spared;
};

/// The bounds of expiry at one time: sessions expire if they were created before `made`, or last
/// used before `used` and are not kept beyond `now`; responses expire by their own times.
struct session_expiry {
  session_expiry() = default;

  bool has(const session_info& s) const {
    return (s.last_used < used && s.kept_until <= now) || s.created_at < made;
  }

  std::chrono::system_clock::time_point used = std::chrono::system_clock::time_point::min();
  std::chrono::system_clock::time_point made = std::chrono::system_clock::time_point::min();
  std::chrono::system_clock::time_point now = std::chrono::system_clock::time_point::min();
};

/// How long sessions last.
struct session_lifetime {
  explicit session_lifetime(std::chrono::seconds without_use, std::chrono::seconds at_all = {})
      : unused(without_use), age(at_all) {}

  session_expiry expiry(std::chrono::system_clock::time_point now) const;

  /// How often a store looks for expired sessions.
  std::chrono::seconds sweep_interval() const;

  /// Time since the last use; a session that is kept for longer does not expire by it.
  std::chrono::seconds unused;
  /// Time since the creation, used or not; zero for no limit.
  std::chrono::seconds age;
};

/// The current time, in the precision of stores.
std::chrono::system_clock::time_point recorded_now();

} // namespace nekod
