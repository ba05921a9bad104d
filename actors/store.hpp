#pragma once

#include "actors/messages.hpp"
#include "actors/metrics.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace nekod {

/// Session records in this process's memory, with a time to live.
struct memory_store_state {
  memory_store_state() = default;

  /// All sessions, oldest first.
  std::vector<openai::session_info> list() const;

  /// Keeps a record, in place of an older one of its session.
  void keep(session_record record);

  session_lookup load(const std::string& id) const;

  /// The session of *tenant* that was used last among those with that tip.
  session_lookup find(const std::string& tenant, const std::string& tip) const;

  /// Forgets a session if it lies in *scope*; says whether it did.
  bool remove(const std::string& id, const session_scope& scope);

  /// Forgets what was last used before *limit*.
  void sweep(std::chrono::system_clock::time_point limit);

  static inline const char* name = "memory-store";

  /// By id.
  std::unordered_map<std::string, session_record> records;

private:
  void unlist(const session_record& record);

  /// The ids of sessions with a tip, by tenant and tip.
  std::multimap<std::pair<std::string, std::string>, std::string> by_tip_;
};

/// The STORE that keeps records in memory.
/// @param time_to_live After that time without use a record is forgotten.
store_actor::behavior_type memory_store(store_actor::stateful_pointer<memory_store_state> self,
                                        std::chrono::seconds time_to_live,
                                        const std::shared_ptr<metrics>& counts);

/// How often a store looks for expired records, for records of that time to live.
std::chrono::seconds sweep_interval(std::chrono::seconds time_to_live);

/// Orders sessions as lists show them: oldest first, equal times by id.
void sort_by_age(std::vector<openai::session_info>& sessions);

} // namespace nekod
