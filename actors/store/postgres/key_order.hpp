#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <utility>

namespace nekod::postgres {

/// Runs the requests about one key, such as a token, one after the other, in their order, although
/// queries of several links overtake each other. Pure.
template <class Key>
class key_order {
public:
  using work = std::function<void()>;

  /// Runs *f*: at once if nothing of the key is under way, else when all before it is done. Each
  /// *f* that was run is to be followed by `done`.
  void run(const Key& key, work f) {
    auto [i, is_new] = waiting_.try_emplace(key);
    if (is_new)
      f();
    else
      i->second.push_back(std::move(f));
  }

  void done(const Key& key) {
    const auto i = waiting_.find(key);
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

  /// Whether something of the key is under way.
  bool has(const Key& key) const { return waiting_.contains(key); }

private:
  /// The requests that wait behind the one that is under way.
  std::map<Key, std::deque<work>> waiting_;
};

} // namespace nekod::postgres
