#pragma once

#include "actors/messages.hpp"
#include "actors/runtime/metrics.hpp"
#include "actors/store/keep_outcome.hpp"
#include "actors/store/session_store.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace nekod {

/// Records that a store looks at, for those that are to be deleted or are past their time, before
/// others have their turn.
inline constexpr std::size_t store_step = 50;

/// A deletion of many that is under way.
struct clearing {
  clearing(session_filter f, caf::typed_response_promise<std::uint64_t> p)
      : filter(std::move(f)), promise(std::move(p)) {
    query.view = filter.view;
    query.limit = store_step;
  }

  session_filter filter;
  /// The records that the next step looks at.
  session_query query;
  std::uint64_t deleted = 0;
  caf::typed_response_promise<std::uint64_t> promise;
};

/// Session records in this process's memory.
struct memory_store_state {
  memory_store_state() = default;
  memory_store_state(const memory_store_state&) = delete;
  memory_store_state& operator=(const memory_store_state&) = delete;

  openai::session_page list(const session_query& query) const;

  /// Keeps a record, in place of an older one of its session, and applies the changes to its
  /// messages. The record's transcript is not looked at.
  keep_outcome keep(session_record record, message_changes changes);

  session_lookup load(const session_key& key) const;

  /// A session of that id in that view.
  session_finding show(const std::string& id, const session_view& view) const;

  /// The session that was used last among those with that tip.
  session_lookup find(const session_tip& tip) const;

  /// The session of *tenant* that answered the request of that identity.
  session_lookup answered(const std::string& tenant, const std::string& identity) const;

  /// Forgets the answer of that request.
  void forget(const std::string& tenant, const std::string& identity);

  /// Forgets a session; says whether there was one.
  bool remove(const session_key& key);

  /// Forgets at most *most* of what is past its time. @returns how many.
  std::size_t sweep(const session_expiry& expiry, std::size_t most);

  /// Takes one step of the deletion that waits longest.
  /// @returns whether it has to go on.
  bool clear_next();

  static inline const char* name = "memory-store";

  std::map<session_key, session_record> records;

  std::deque<clearing> clearings;

private:
  /// What stands in `records`, whose entries keep their addresses.
  using info = const openai::session_info*;

  struct by_age {
    using is_transparent = void;
    static auto place(info s) { return std::tie(s->created_at, s->id); }
    static auto place(const openai::session_place& p) { return std::tie(p.created_at, p.id); }
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return place(a) < place(b);
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

  using age_list = std::set<info, by_age>;

  const age_list& list_of(const session_view& view) const;
  void enlist(const session_record& record);
  void unlist(const session_record& record);
  void drop(info s);

  /// The sessions with a tip.
  std::multimap<session_tip, session_key> by_tip_;
  /// And those that keep an answer, by tenant and identity.
  std::map<std::pair<std::string, std::string>, session_key> by_answer_;
  age_list by_age_;
  std::map<std::string, age_list> by_tenant_;
  std::set<info, by_use> by_use_;
};

/// The STORE that keeps records in memory.
store_actor::behavior_type memory_store(store_actor::stateful_pointer<memory_store_state> self,
                                        session_lifetime lifetime,
                                        const std::shared_ptr<metrics>& counts);

/// A store in memory. Its key is random, and ends with it.
std::unique_ptr<session_store> open_memory_store();

} // namespace nekod
