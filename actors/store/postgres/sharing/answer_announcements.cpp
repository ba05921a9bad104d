#include "actors/store/postgres/sharing/answer_announcements.hpp"

#include "actors/store/postgres/answer_rows.hpp"
#include "actors/store/postgres/session_holds.hpp"

namespace nekod::postgres {

void answer_announcements::add(const answer_name& answer) {
  pending_.insert(++added_);
  early_.emplace_back(added_, answer);
  if (is_known_)
    node_is_known();
}

void answer_announcements::node_is_known() {
  is_known_ = true;
  for (const auto& [number, answer] : std::exchange(early_, {}))
    all_.ask(announce_answer_query(node_, answer),
             [this, number = number](const query_result& result) {
               if (const auto* f = std::get_if<query_failure>(&result))
                 failure_of(*f);
               announced(number);
             });
}

void answer_announcements::run_after(std::function<void()> f) {
  if (pending_.empty())
    f();
  else
    waiting_.emplace_back(added_, std::move(f));
}

void answer_announcements::announced(std::uint64_t number) {
  pending_.erase(number);
  while (!waiting_.empty() && (pending_.empty() || *pending_.begin() > waiting_.front().first)) {
    const auto next = std::move(waiting_.front().second);
    waiting_.pop_front();
    next();
  }
}

} // namespace nekod::postgres
