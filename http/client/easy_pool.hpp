#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace nekod::http {

/// Easy handles of libcurl's to be used again: to make one and to clean it up costs much of what a
/// short call does. Keeps a few; may be used by several threads at once.
class easy_pool : public std::enable_shared_from_this<easy_pool> {
public:
  /// Gives its handle back.
  class returner {
  public:
    explicit returner(std::shared_ptr<easy_pool> to) : to_(std::move(to)) {}
    void operator()(CURL* easy) const { to_->give_back(easy); }

  private:
    std::shared_ptr<easy_pool> to_;
  };

  using handle = std::unique_ptr<CURL, returner>;

  /// One with libcurl's own settings. Throws `std::bad_alloc` where there is none.
  /// Must be in no multi handle when it is given back.
  handle take();

private:
  struct cleaner {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
  };

  void give_back(CURL* easy);

  std::mutex mutex_;
  std::vector<std::unique_ptr<CURL, cleaner>> idle_;
};

} // namespace nekod::http
