#pragma once

#include "actors/messages.hpp"
#include "actors/runtime/metrics.hpp"
#include "actors/store/clearing.hpp"
#include "actors/store/memory_responses.hpp"
#include "actors/store/session_claim.hpp"
#include "actors/store/session_leases.hpp"
#include "actors/store/session_store.hpp"
#include "actors/store/store_counts.hpp"
#include "actors/store/store_refusals.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace nekod {

/// A STORE, with the messages to itself.
using memory_store_actor = store_actor::extend<
    // The next step of a deletion of many.
    caf::reacts_to<atom::clear>,
    // Deletes expired sessions and responses, in steps.
    caf::reacts_to<atom::sweep>>;

/// Session records and responses in this process's memory.
class memory_records {
public:
  memory_records() = default;
  memory_records(const memory_records&) = delete;
  memory_records& operator=(const memory_records&) = delete;

  // These answer the messages of `store_actor`.
  session_taken take(const session_wanted& wanted);
  commit_outcome commit(session_commit c);
  void commit(response_record r) { responses_.keep(std::move(r)); }
  void release(const session_token& token) { leases_.release(token); }
  session_finding show(const std::string& id, const session_view& view) const;
  session_page list(const session_query& query) const;
  conversation_finding show(const conversation_query& query) const;

  /// Deletes a session with its responses. @returns whether there was a record.
  bool remove(const session_key& key);

  /// Deletes a response. @returns whether it could be seen at *now*.
  bool remove(const response_key& key, std::chrono::system_clock::time_point now) {
    return responses_.remove(key, now);
  }

  /// No response of the session can be followed any more, and they stay when it is deleted.
  void close(const session_key& session) { responses_.close_of(session); }

  /// Deletes at most *most* expired records that no token holds, and expired responses.
  /// @returns how many.
  std::size_t sweep(const session_expiry& expiry, std::size_t most);

  store_counts counts() const noexcept { return {records_.size(), responses_.count()}; }

  /// The responses, for reading.
  const memory_responses& responses() const noexcept { return responses_; }

private:
  struct stored {
    std::uint64_t version = 0;
    session_record record;
  };

  /// Points into `records_`, whose entries keep their addresses.
  using info = const session_info*;

  struct by_age {
    using is_transparent = void;
    static auto position(info s) { return std::tie(s->created_at, s->id); }
    static auto position(const session_place& p) { return std::tie(p.created_at, p.id); }
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return position(a) < position(b);
    }
    bool operator()(info a, info b) const {
      return std::tie(a->created_at, a->id, a->tenant) < std::tie(b->created_at, b->id, b->tenant);
    }
  };

  struct by_use {
    bool operator()(info a, info b) const {
      return std::tie(a->last_used, a->id, a->tenant) < std::tie(b->last_used, b->id, b->tenant);
    }
  };

  struct by_end {
    bool operator()(info a, info b) const {
      return std::tie(a->kept_until, a->id, a->tenant) < std::tie(b->kept_until, b->id, b->tenant);
    }
  };

  using age_list = std::set<info, by_age>;
  using record_map = std::map<session_key, stored>;

  session_taken hold(const session_key& key, const session_wanted& wanted, found_by by);
  const session_key* answering(const session_wanted& wanted) const;
  const session_key* with_tip(const session_tip& tip) const;
  void forget_answer(const std::string& tenant, const std::string& identity);
  const age_list& list_of(const session_view& view) const;
  void index(const session_record& record);
  void unindex(const session_record& record);
  void erase(record_map::iterator i);

  session_leases leases_;
  record_map records_;
  /// The sessions with a tip.
  std::multimap<session_tip, session_key> by_tip_;
  /// The sessions with a stored answer, by tenant and identity.
  std::map<std::pair<std::string, std::string>, session_key> by_answer_;
  /// By tenant and the conversation's id.
  std::map<std::pair<std::string, std::string>, session_key> by_conversation_;
  age_list by_age_;
  std::map<std::string, age_list> by_tenant_;
  /// Those that are not kept, however long they are unused; the others are in `by_end_`.
  std::set<info, by_use> by_use_;
  std::set<info, by_end> by_end_;
  memory_responses responses_;
};

/// The state of a store in memory.
struct memory_store_state {
  memory_store_state() = default;
  memory_store_state(const memory_store_state&) = delete;
  memory_store_state& operator=(const memory_store_state&) = delete;

  /// Carries out one step of the oldest deletion of many.
  /// @returns whether a further step is needed.
  bool clear_next();

  static inline const char* name = "memory-store";

  memory_records records;
  std::deque<clearing> clearings;
};

/// The STORE that keeps records in memory.
memory_store_actor::behavior_type
memory_store(memory_store_actor::stateful_pointer<memory_store_state> self,
             session_lifetime lifetime, const std::shared_ptr<metrics>& counts);

/// A store in memory. Its key is random and is lost with it.
std::unique_ptr<session_store> open_memory_store();

} // namespace nekod
