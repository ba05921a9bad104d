#pragma once

#include "actors/store/session_token.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <utility>

namespace nekod::postgres {

/// Has the requests of one token carried out one after the other, in their order, although queries
/// of several links overtake each other. Pure.
class token_order {
public:
  using work = std::function<void()>;

  /// Runs *f*: at once if nothing of the token is under way, else when all before it is done. Each
  /// *f* that was run is to be followed by `done`.
  void run(const session_token& token, work f) {
    auto [i, is_new] = waiting_.try_emplace(token);
    if (is_new)
      f();
    else
      i->second.push_back(std::move(f));
  }

  void done(const session_token& token) {
    const auto i = waiting_.find(token);
    if (i == waiting_.end())
      return;
    if (i->second.empty()) {
      waiting_.erase(i);
      return;
    }
    const auto next = std::move(i->second.front());
    i->second.pop_front();
    next();
  }

  /// Whether something of the token is under way.
  bool has(const session_token& token) const { return waiting_.contains(token); }

private:
  /// What waits behind the one that is under way.
  std::map<session_token, std::deque<work>> waiting_;
};

} // namespace nekod::postgres
