#pragma once

#include "actors/store/response_lookup.hpp"
#include "actors/store/response_record.hpp"
#include "protocol/sessions/session_list.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>

namespace nekod {

/// Responses in this process's memory.
///
/// A response can be seen until it expires or is removed. It is kept for longer if others follow
/// it, since their chains have its items; it goes once none does.
class memory_responses {
public:
  memory_responses() = default;
  memory_responses(const memory_responses&) = delete;
  memory_responses& operator=(const memory_responses&) = delete;

  using time_point = std::chrono::system_clock::time_point;

  /// Stores a response; replaces one with its id, unless that ended in another way. Its parent
  /// counts if it was stored before and is still kept; otherwise the chain begins here.
  void keep(response_record record);

  // These find only responses that can be seen at *now*.
  response_finding show(const response_key& key, time_point now) const;
  response_chain show(const chain_query& query, time_point now) const;
  item_finding show(const item_query& query, time_point now) const;

  /// Removes a response. @returns whether it could be seen at *now*.
  bool remove(const response_key& key, time_point now);

  /// Removes all responses of a session.
  void remove_of(const session_key& session);

  /// No response of a session can be followed any more, and they no longer go with it.
  void close_of(const session_key& session);

  /// Deletes at most *most* responses that expired, or were removed, and that no other follows.
  /// @returns how many.
  std::size_t sweep(time_point now, std::size_t most);

  /// The number of responses, with those that cannot be seen any more.
  std::size_t count() const noexcept { return all_.size(); }

private:
  struct stored {
    /// Counts the responses. Parents have lower numbers, so that no chain is a circle.
    std::uint64_t number = 0;
    response_record record;
    /// The response before it; null for none.
    stored* parent = nullptr;
    /// How many others have it as their parent.
    std::size_t followers = 0;
  };

  /// Points into `all_`, whose entries keep their addresses.
  using entry = stored*;

  struct by_end {
    bool operator()(entry a, entry b) const {
      return std::tie(a->record.expires_at, a->number) < std::tie(b->record.expires_at, b->number);
    }
  };

  const stored* find(const response_key& key) const;
  void index(stored& s);
  void unindex(stored& s);
  void expire(stored& s);
  void erase(stored& s);

  std::uint64_t last_number_ = 0;
  std::map<response_key, stored> all_;
  /// By tenant and id of their items.
  std::set<std::tuple<std::string, std::string, entry>> by_item_;
  std::map<session_key, std::set<entry>> by_session_;
  /// Those that no other follows.
  std::set<entry, by_end> ends_;
};

} // namespace nekod
