#pragma once

#include "actors/messages.hpp"
#include "actors/metrics.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace nekod {

/// Records that a store looks at, for those that are to be deleted or are past their time, before
/// others have their turn.
inline constexpr std::size_t store_step = 50;

/// A deletion of many that is under way.
struct clearing {
  clearing(session_filter f, caf::typed_response_promise<std::uint64_t> p)
      : filter(std::move(f)), promise(std::move(p)) {
    query.scope = filter.scope;
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

  /// Keeps a record, in place of an older one of its session.
  void keep(session_record record);

  session_lookup load(const std::string& id) const;

  /// The session of *tenant* that was used last among those with that tip.
  session_lookup find(const std::string& tenant, const std::string& tip) const;

  /// The session of *tenant* that answered the request of that identity.
  session_lookup answered(const std::string& tenant, const std::string& identity) const;

  /// Forgets the answer of that request.
  void forget(const std::string& tenant, const std::string& identity);

  /// Forgets a session if it lies in *scope*; says whether it did.
  bool remove(const std::string& id, const session_scope& scope);

  /// Forgets at most *most* of what is past its time. @returns how many.
  std::size_t sweep(const session_expiry& expiry, std::size_t most);

  /// Takes one step of the deletion that waits longest.
  /// @returns whether it has to go on.
  bool clear_next();

  static inline const char* name = "memory-store";

  /// By id.
  std::unordered_map<std::string, session_record> records;

  std::deque<clearing> clearings;

private:
  /// What stands in `records`, whose entries keep their addresses.
  using info = const openai::session_info*;

  struct by_age {
    using is_transparent = void;
    static auto key(info s) { return std::tie(s->created_at, s->id); }
    static auto key(const openai::session_place& p) { return std::tie(p.created_at, p.id); }
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return key(a) < key(b);
    }
  };

  struct by_use {
    bool operator()(info a, info b) const {
      return std::tie(a->last_used, a->id) < std::tie(b->last_used, b->id);
    }
  };

  using age_list = std::set<info, by_age>;

  const age_list& list_of(const session_scope& scope) const;
  void enlist(const session_record& record);
  void unlist(const session_record& record);
  void drop(info s);

  /// The ids of sessions with a tip, by tenant and tip.
  std::multimap<std::pair<std::string, std::string>, std::string> by_tip_;
  /// And of those that keep an answer, by tenant and identity.
  std::map<std::pair<std::string, std::string>, std::string> by_answer_;
  age_list by_age_;
  std::map<std::string, age_list> by_tenant_;
  std::set<info, by_use> by_use_;
};

/// The STORE that keeps records in memory.
store_actor::behavior_type memory_store(store_actor::stateful_pointer<memory_store_state> self,
                                        session_lifetime lifetime,
                                        const std::shared_ptr<metrics>& counts);

} // namespace nekod
