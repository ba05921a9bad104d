#pragma once

#include "actors/upstream/transport.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace nekod::test {

/// Records the calls, and reports to their callers whatever the test wants.
class fake_transport : public transport {
public:
  struct started {
    std::uint64_t number = 0;
    http_call call;
    sink f;
    bool dropped = false;
    bool abandoned = false;
    std::size_t granted = 0;
  };

  std::unique_ptr<transfer> start(std::uint64_t number, http_call call, sink f) override {
    auto entry = std::make_shared<started>();
    entry->number = number;
    entry->call = std::move(call);
    entry->f = std::move(f);
    calls.push_back(entry);
    return std::make_unique<handle>(entry);
  }

  started& last() { return *calls.back(); }

  /// The method and path of each call, without the base URL.
  std::vector<std::string> paths(const std::string& base_url) const {
    std::vector<std::string> result;
    for (const auto& c : calls)
      result.push_back(c->call.method + " " + c->call.url.substr(base_url.size()));
    return result;
  }

  static void head(const started& c, std::uint16_t status) {
    auto e = event(c, transfer_event::kind::head);
    e.status = status;
    c.f(std::move(e));
  }

  static void data(const started& c, std::string bytes) {
    auto e = event(c, transfer_event::kind::data);
    e.bytes = std::move(bytes);
    c.f(std::move(e));
  }

  static void end(const started& c, transfer_failure failure = transfer_failure::none) {
    auto e = event(c, transfer_event::kind::end);
    e.failure = failure;
    c.f(std::move(e));
  }

  /// A whole response to the newest call.
  void answer(std::uint16_t status, std::string body) {
    auto c = calls.back();
    head(*c, status);
    data(*c, std::move(body));
    end(*c);
  }

  std::vector<std::shared_ptr<started>> calls;

private:
  class handle : public transfer {
  public:
    explicit handle(std::shared_ptr<started> entry) : entry_(std::move(entry)) {}
    handle(const handle&) = delete;
    handle& operator=(const handle&) = delete;
    ~handle() override { entry_->dropped = true; }
    void grant(std::size_t bytes) override { entry_->granted += bytes; }
    void take_back(std::size_t bytes) override { entry_->granted -= bytes; }
    void abandon(std::chrono::steady_clock::time_point) override { entry_->abandoned = true; }

  private:
    std::shared_ptr<started> entry_;
  };

  static transfer_event event(const started& c, transfer_event::kind what) {
    transfer_event e;
    e.what = what;
    e.transfer = c.number;
    return e;
  }
};

} // namespace nekod::test
