#pragma once

#include "actors/store/postgres/link_pool.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

namespace nekod::postgres {

/// The time for a query with all its repetitions: less than a `store_timeout`.
inline constexpr std::chrono::seconds query_time{9};

/// Queries of an actor that lives on the loop of its links. The links call outside of the actor,
/// where nothing of CAF may be used: their results wait here until the actor handles them.
class loop_queries {
public:
  using handler = std::function<void(query_result&)>;

  /// @param wake Makes the actor call `handle_results` soon. Called outside of the actor.
  explicit loop_queries(std::function<void()> wake) : wake_(std::move(wake)) {}
  loop_queries(const loop_queries&) = delete;
  loop_queries& operator=(const loop_queries&) = delete;

  /// The links are used from now on.
  void use(std::shared_ptr<link_pool> pool) { pool_ = std::move(pool); }

  /// Asks the database. The query's own end and handler are set here.
  /// @param then Called from `handle_results`.
  void ask(query q, handler then);

  /// Leaves *f* to `handle_results`, which calls it. May be called outside of the actor, on its
  /// loop.
  void call_later(std::function<void()> f);

  /// Calls the handlers of the results that have arrived.
  void handle_results();

  /// How many queries have no handled result.
  std::size_t under_way() const noexcept { return under_way_; }

  /// Ends the links. Nothing is called after this.
  void close();

private:
  void arrived(handler then, query_result result);

  std::function<void()> wake_;
  std::shared_ptr<link_pool> pool_;
  std::deque<std::pair<handler, query_result>> results_;
  std::size_t under_way_ = 0;
};

} // namespace nekod::postgres
