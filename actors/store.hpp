#pragma once

#include "actors/messages.hpp"
#include "actors/metrics.hpp"

#include <chrono>
#include <unordered_map>

namespace nekod {

/// Session records in this process's memory, with a time to live.
struct memory_store_state {
  memory_store_state() = default;

  /// All sessions, oldest first.
  std::vector<openai::session_info> list() const;

  /// Forgets a session if it lies in *scope*; says whether it did.
  bool remove(const std::string& id, const session_scope& scope);

  /// Forgets what was last used before *limit*.
  void sweep(std::chrono::system_clock::time_point limit);

  std::unordered_map<std::string, session_record> records;
  static inline const char* name = "memory-store";
};

/// The STORE that keeps records in memory.
/// @param time_to_live After that time without use a record is forgotten.
store_actor::behavior_type memory_store(store_actor::stateful_pointer<memory_store_state> self,
                                        std::chrono::seconds time_to_live,
                                        std::shared_ptr<metrics> counts);

/// Orders sessions as lists show them: oldest first, equal times by id.
void sort_by_age(std::vector<openai::session_info>& sessions);

} // namespace nekod
