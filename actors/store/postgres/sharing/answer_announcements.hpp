#pragma once

#include "actors/resumption/answer_name.hpp"
#include "actors/store/postgres/loop_queries.hpp"
#include "actors/store/postgres/session_rows.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <set>
#include <utility>
#include <vector>

namespace nekod::postgres {

/// Tells the database which answers the node keeps, and lets other work wait for that: a client
/// that learns of an answer may ask another node for it at once, which has to find where it is.
class answer_announcements {
public:
  /// The references must outlive this.
  answer_announcements(loop_queries& all, const node_facts& node) : all_(all), node_(node) {}
  answer_announcements(const answer_announcements&) = delete;
  answer_announcements& operator=(const answer_announcements&) = delete;

  /// Announces that the node keeps that answer, once the database knows the node.
  void add(const answer_name& answer);

  /// The database knows the node. It takes no announcement of any other.
  void node_is_known();

  /// Runs *f* once everything that was added before is announced; at once if it is.
  void run_after(std::function<void()> f);

private:
  void announced(std::uint64_t number);

  loop_queries& all_;
  const node_facts& node_;
  bool is_known_ = false;
  /// Counts what was added.
  std::uint64_t added_ = 0;
  std::vector<std::pair<std::uint64_t, answer_name>> early_;
  /// The numbers of those that are not announced yet, and the work that waits for those up to a
  /// number.
  std::set<std::uint64_t> pending_;
  std::deque<std::pair<std::uint64_t, std::function<void()>>> waiting_;
};

} // namespace nekod::postgres
