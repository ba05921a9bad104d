#pragma once

#include "actors/store/response_lookup.hpp"
#include "actors/store/response_record.hpp"
#include "actors/store/sqlite/sqlite.hpp"
#include "protocol/sessions/session_list.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace nekod {

/// The responses in a file. All functions may throw `sqlite::error`.
///
/// A response can be seen until it expires or is removed. It is kept for longer if others follow
/// it, since their chains have its items; it goes once none does.
class response_table {
public:
  explicit response_table(sqlite::connection& db);

  /// Ends the responses that an earlier run of nekod did not: each becomes what it is if it is
  /// interrupted. To be called before any is stored.
  static void end_interrupted(sqlite::connection& db);

  using time_point = std::chrono::system_clock::time_point;

  /// Stores a response; replaces one with its id, unless that ended in another way. Its parent
  /// counts if it was stored before and is still kept; otherwise the chain begins here.
  /// @returns whether its id is new.
  bool keep(const response_record& record);

  /// Stores a response if there is none with its id. @returns whether there was none.
  bool add(const response_record& record);

  /// Calls *f* with each response, also those that can no longer be seen, in the order in which
  /// they were stored. One that runs is what it is if it is interrupted.
  void for_each(const std::function<void(const response_record&)>& f) const;

  // These find only responses that can be seen at *now*.
  response_finding show(const response_key& key, time_point now) const;
  response_chain show(const chain_query& query, time_point now) const;
  item_finding show(const item_query& query, time_point now) const;

  /// Whether a response can be seen at *now*.
  bool has(const response_key& key, time_point now) const;

  /// Makes a response one that expired before all others.
  void expire(const response_key& key) const;

  /// Does so with all responses of a session. @returns how many it has.
  std::size_t expire_of(const session_key& session) const;

  /// No response of a session can be followed any more, and they no longer go with it.
  void close_of(const session_key& session) const;

  /// Deletes at most *most* responses that expired and that no other follows.
  /// @returns how many.
  std::size_t sweep(time_point now, std::size_t most) const;

private:
  /// A row. Its number is 0 if there is none.
  struct place {
    std::int64_t number = 0;
    response_state state = response_state::running;
  };

  place place_of(const response_key& key) const;
  std::optional<std::int64_t> parent_of(const response_record& record, std::int64_t number) const;
  void read_items(response_record& record, std::int64_t number) const;
  std::size_t append_items(std::vector<stored_item>& items, std::int64_t number) const;
  void keep_items(const response_record& record, std::int64_t number) const;

  sqlite::connection& db_;
  sqlite::statement find_;
  sqlite::statement insert_;
  sqlite::statement update_;
  sqlite::statement keep_object_;
  sqlite::statement keep_item_;
  sqlite::statement drop_items_;
  sqlite::statement show_;
  sqlite::statement newest_;
  sqlite::statement parent_;
  sqlite::statement items_;
  sqlite::statement item_;
  sqlite::statement expire_;
  sqlite::statement expire_of_;
  sqlite::statement close_of_;
  sqlite::statement expired_;
  sqlite::statement remove_;
};

} // namespace nekod
