#pragma once

#include "actors/runtime/event_loops.hpp"
#include "http/client/http_client.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

/// Transfers of a real client, and what their readers get.
namespace nekod::test {

/// What the reader of one transfer got.
class received {
public:
  void add(transfer_event&& e) {
    std::lock_guard guard{mutex_};
    if (e.what == transfer_event::kind::head)
      heads_.push_back(std::move(e));
    else if (e.what == transfer_event::kind::data)
      body_ += e.bytes, ++pieces_;
    else
      ends_.push_back(e.failure);
    changed_.notify_all();
  }

  /// Waits for the end.
  transfer_failure end() {
    wait([this] { return !ends_.empty(); });
    std::lock_guard guard{mutex_};
    return ends_.empty() ? transfer_failure::none : ends_.front();
  }

  /// Waits for that many bytes of the body.
  std::string body(std::size_t size = 0) {
    wait([&] { return body_.size() >= size; });
    std::lock_guard guard{mutex_};
    return body_;
  }

  /// Waits for the head.
  transfer_event head() {
    wait([this] { return !heads_.empty(); });
    std::lock_guard guard{mutex_};
    REQUIRE(heads_.size() == 1);
    return heads_.front();
  }

  bool has_head() {
    std::lock_guard guard{mutex_};
    return !heads_.empty();
  }

  /// The number of events in which the body came.
  std::size_t pieces() {
    std::lock_guard guard{mutex_};
    return pieces_;
  }

  std::size_t events() {
    std::lock_guard guard{mutex_};
    return heads_.size() + ends_.size() + (body_.empty() ? 0 : 1);
  }

private:
  template <class Condition>
  void wait(Condition c) {
    std::unique_lock lock{mutex_};
    CHECK(changed_.wait_for(lock, std::chrono::seconds{5}, c));
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<transfer_event> heads_;
  std::string body_;
  std::size_t pieces_ = 0;
  std::vector<transfer_failure> ends_;
};

/// A client on a loop of its own.
class client_fixture {
public:
  struct running {
    std::shared_ptr<received> got = std::make_shared<received>();
    std::unique_ptr<transfer> handle;
  };

  /// @param only_curl Which client makes the calls.
  explicit client_fixture(bool only_curl, std::size_t window = 64u << 10,
                          std::size_t max_connections = 16,
                          std::chrono::milliseconds gather_time = std::chrono::milliseconds{0}) {
    http::client_options options;
    options.only_curl = only_curl;
    options.window = window;
    options.max_connections = max_connections;
    options.gather_time = gather_time;
    counts = options.counts;
    client = std::make_unique<http::http_client>(loops, options);
    loops.run();
  }

  ~client_fixture() {
    client->stop();
    loops.stop();
  }

  static http_call get(std::string url) {
    http_call call;
    call.method = "GET";
    call.url = std::move(url);
    return call;
  }

  static http_call post(std::string url, std::string body) {
    auto call = get(std::move(url));
    call.method = "POST";
    call.headers = {{"Content-Type", "text/plain"}};
    call.body = std::move(body);
    return call;
  }

  running start(http_call call) {
    running result;
    result.handle = client->start(
        7, std::move(call), [got = result.got](transfer_event&& e) { got->add(std::move(e)); });
    return result;
  }

  event_loops loops{1};
  std::shared_ptr<metrics> counts;
  std::unique_ptr<http::http_client> client;
};

} // namespace nekod::test
