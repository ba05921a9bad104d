#include "actors/store/postgres/loop_queries.hpp"

namespace nekod::postgres {

void loop_queries::ask(query q, handler then) {
  ++under_way_;
  q.until = query::clock::now() + query_time;
  q.then = [this, then = std::move(then)](query_result result) mutable {
    auto handle = [this, then = std::move(then)](query_result& r) {
      --under_way_;
      then(r);
    };
    arrived(std::move(handle), std::move(result));
  };
  pool_->ask(std::move(q));
}

void loop_queries::call_later(std::function<void()> f) {
  arrived([f = std::move(f)](query_result&) { f(); }, query_failure{});
}

void loop_queries::arrived(handler then, query_result result) {
  results_.emplace_back(std::move(then), std::move(result));
  if (results_.size() == 1)
    wake_();
}

void loop_queries::handle_results() {
  for (auto& [then, result] : std::exchange(results_, {}))
    then(result);
}

void loop_queries::close() {
  if (pool_)
    pool_->close();
  results_.clear();
}

} // namespace nekod::postgres
