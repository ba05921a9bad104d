#include "http/client/curl/easy_pool.hpp"

#include <new>
#include <utility>

namespace nekod::http {

namespace {

/// The most handles kept. Each takes some 6 KiB, and its buffer while it has one.
constexpr std::size_t max_idle = 32;

} // namespace

easy_pool::handle easy_pool::take() {
  {
    std::lock_guard guard{mutex_};
    if (!idle_.empty()) {
      handle result{idle_.back().release(), returner{shared_from_this()}};
      idle_.pop_back();
      return result;
    }
  }
  handle result{curl_easy_init(), returner{shared_from_this()}};
  if (!result)
    throw std::bad_alloc{};
  return result;
}

void easy_pool::give_back(CURL* easy) {
  std::unique_ptr<CURL, cleaner> owned{easy};
  curl_easy_reset(easy);
  std::lock_guard guard{mutex_};
  if (idle_.size() < max_idle)
    idle_.push_back(std::move(owned));
}

} // namespace nekod::http
