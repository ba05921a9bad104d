#include "actors/store/postgres/sharing/rest_exchange.hpp"

#include "actors/store/postgres/session_holds.hpp"
#include "actors/store/postgres/sharing/rest_rows.hpp"

#include <chrono>
#include <cstddef>
#include <utility>
#include <variant>

namespace nekod::postgres {

namespace {

using std::chrono::steady_clock;

/// The most rests that wait to be told, since clients may name any number of models.
constexpr std::size_t most_untold = 1024;

} // namespace

void rest_exchange::tell(shared_rest r) {
  key k{r.upstream, r.account, r.refused, r.model};
  if (untold_.size() >= most_untold && !untold_.contains(k))
    return;
  untold_.insert_or_assign(std::move(k), std::move(r));
  go_on();
}

void rest_exchange::look(const std::function<void(const shared_rest&)>& heard) {
  if (ended_ || !heard)
    return;
  heard_ = heard;
  go_on();
}

void rest_exchange::go_on() {
  if (asks_)
    return;
  std::erase_if(untold_,
                [now = steady_clock::now()](const auto& e) { return e.second.end <= now; });
  if (!untold_.empty())
    tell_first();
  else if (heard_)
    ask();
}

void rest_exchange::tell_first() {
  asks_ = true;
  const auto& [k, r] = *untold_.begin();
  all_.ask(rest_query(r, steady_clock::now()),
           [this, k = k, end = r.end, over = r.over](const query_result& result) {
             asks_ = false;
             const auto* f = std::get_if<query_failure>(&result);
             // The next look tries it again.
             if (f && f->unavailable)
               return;
             if (f)
               failure_of(*f);
             const auto i = untold_.find(k);
             if (i != untold_.end() && i->second.end == end && i->second.over == over)
               untold_.erase(i);
             go_on();
           });
}

void rest_exchange::ask() {
  asks_ = true;
  all_.ask(rests_query(), [this, heard = std::exchange(heard_, nullptr),
                           asked = steady_clock::now()](const query_result& result) {
    asks_ = false;
    if (const auto* found = std::get_if<rows>(&result))
      for (const auto& r : rests_of(*found, asked))
        // The state that is told next is newer.
        if (!untold_.contains({r.upstream, r.account, r.refused, r.model}))
          heard(r);
    go_on();
  });
}

} // namespace nekod::postgres
