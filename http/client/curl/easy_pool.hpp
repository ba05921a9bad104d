#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace nekod::http {

/// Keeps some of libcurl's easy handles for reuse: creating and cleaning up a handle costs much of
/// what a short call does. Thread-safe.
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

  /// A handle with libcurl's default settings. Throws `std::bad_alloc` if there is none. It must
  /// not be in a multi handle when it is given back.
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
