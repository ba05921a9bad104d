#include "actors/upstream/upstream_exchange.hpp"
#include "tests/unit/support/fake_transport.hpp"
#include "tests/unit/support/recording_listener.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

using namespace nekod;
using chat::failure_code;
using strings = std::vector<std::string>;
using test::fake_transport;

namespace {

/// An exchange over a scripted transport, and the account that makes its calls.
struct fixture : exchange_listener {
  fixture() {
    exchange = std::make_unique<upstream_exchange>(
        net, [this](transfer_event&& e) { exchange->on_transfer(std::move(e)); }, *this);
    exchange->begin_turn(account);
    start();
  }

  void on_head(const transfer_event& head) override {
    log.push_back("head " + std::to_string(head.status));
  }
  void on_body(std::string&& bytes) override {
    log.push_back(bytes);
    if (at_body)
      at_body();
  }
  void on_end() override {
    log.emplace_back("end");
    if (at_end)
      at_end();
  }

  void start() {
    exchange->start({0, call_purpose::answering, account_watch::clock::now(), {}}, {});
  }

  void pass_on(const std::string& text, std::size_t bytes) {
    deltas d;
    if (!text.empty())
      d.push_back(text);
    exchange->pass_on(std::move(d), bytes, heard);
  }

  double calls(call_outcome outcome) const {
    return counts->upstream_calls("up", "call").outcomes[outcome].Value();
  }

  double all_calls() const {
    return calls(call_outcome::ok) + calls(call_outcome::refused) + calls(call_outcome::failed) +
           calls(call_outcome::timeout) + calls(call_outcome::cancelled);
  }

  std::shared_ptr<metrics> counts = std::make_shared<metrics>();
  std::shared_ptr<account_watch> account = std::make_shared<account_watch>(
      account_identity{"up", "id"}, counts, std::vector<std::string>{"call"},
      std::make_shared<circuit>());
  fake_transport net;
  std::function<void()> at_body;
  std::function<void()> at_end;
  strings log;
  test::recording_listener heard;
  std::unique_ptr<upstream_exchange> exchange;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a response reaches the listener, and the account gets one report") {
  fake_transport::head(net.last(), 200);
  fake_transport::data(net.last(), "meow");
  CHECK(exchange->response().status == 200);
  CHECK(all_calls() == 0);
  at_end = [this] { exchange->finish(nullptr); };
  fake_transport::end(net.last());
  CHECK(log == strings{"head 200", "meow", "end"});
  exchange.reset();
  CHECK(calls(call_outcome::ok) == 1);
  CHECK(all_calls() == 1);
}

TEST_CASE_FIXTURE(fixture, "a call may be finished before its transfer ends") {
  exchange->finish(nullptr);
  CHECK_FALSE(exchange->running());
  fake_transport::data(net.last(), "rest");
  fake_transport::end(net.last());
  CHECK(log.empty());
  CHECK(net.last().granted == 4);
  // Its connection can be reused, since it was not closed before the end.
  CHECK(net.last().dropped);
  CHECK(all_calls() == 1);
}

TEST_CASE_FIXTURE(fixture, "an exchange that ends with a call cancels it") {
  const auto call = net.calls.back();
  exchange.reset();
  CHECK(call->dropped);
  CHECK(calls(call_outcome::cancelled) == 1);
}

TEST_CASE_FIXTURE(fixture, "a cancelled call is closed, counted once, and reports nothing more") {
  const auto call = net.calls.back();
  exchange->cancel(std::chrono::steady_clock::now());
  CHECK(call->dropped);
  CHECK(call->abandoned);
  exchange->cancel({});
  fake_transport::data(*call, "late");
  fake_transport::end(*call);
  CHECK(log.empty());
  CHECK(calls(call_outcome::cancelled) == 1);
  CHECK(all_calls() == 1);
}

TEST_CASE_FIXTURE(fixture, "a call that is cancelled for no client is not measured as abandoned") {
  const auto call = net.calls.back();
  exchange->cancel({});
  CHECK_FALSE(call->abandoned);
}

TEST_CASE_FIXTURE(fixture, "an answer that did not begin in time counts as a timeout") {
  const auto call = net.calls.back();
  exchange->give_up_late();
  CHECK(call->dropped);
  CHECK(exchange->failure() == transfer_failure::first_byte_timeout);
  exchange->give_up_late();
  CHECK(calls(call_outcome::timeout) == 1);
  CHECK(all_calls() == 1);
}

TEST_CASE_FIXTURE(fixture, "events of an earlier transfer do not reach the next call") {
  const auto first = net.calls.back();
  exchange->finish(nullptr);
  start();
  CHECK(first->dropped);
  fake_transport::data(*first, "old");
  fake_transport::end(*first);
  CHECK(log.empty());
  fake_transport::data(net.last(), "new");
  CHECK(log == strings{"new"});
}

TEST_CASE_FIXTURE(fixture, "a call may be started or closed from within an event") {
  at_end = [this] {
    exchange->finish(nullptr);
    start();
  };
  fake_transport::end(net.last());
  CHECK(net.calls.size() == 2);
  CHECK(exchange->running());
  at_body = [this] { exchange->cancel({}); };
  fake_transport::data(net.last(), "enough");
  CHECK_FALSE(exchange->running());
  CHECK(net.last().dropped);
}

TEST_CASE_FIXTURE(fixture, "a response that ended early is known as far as it arrived") {
  fake_transport::head(net.last(), 503);
  at_end = [this] {
    CHECK(exchange->failure() == transfer_failure::cut);
    CHECK(exchange->response().status == 503);
    const chat::failure e{failure_code::upstream_error};
    exchange->finish(&e);
  };
  fake_transport::end(net.last(), transfer_failure::cut);
  CHECK(calls(call_outcome::failed) == 1);
  exchange->end_turn();
  CHECK(exchange->response().status == 0);
}

TEST_CASE_FIXTURE(fixture, "bytes that complete no text are granted again until they do") {
  pass_on("", 10);
  pass_on("", 30);
  // Otherwise an event larger than the window would never arrive.
  CHECK(net.last().granted == 40);
  CHECK(heard.used == 0);
  CHECK_FALSE(exchange->answer_began());
  pass_on("meow", 5);
  CHECK(heard.used == 45);
  CHECK(net.last().granted == 0);
  CHECK(exchange->answer_began());
  exchange->grant(45);
  CHECK(net.last().granted == 45);
}

TEST_CASE_FIXTURE(fixture, "room that was lent to one call is not taken back from the next") {
  pass_on("", 10);
  exchange->finish(nullptr);
  start();
  CHECK_FALSE(exchange->answer_began());
  pass_on("meow", 5);
  CHECK(heard.used == 5);
  CHECK(net.last().granted == 0);
}

TEST_CASE_FIXTURE(fixture, "a turn counts at its account as long as it runs") {
  CHECK(account->load().first == 1);
  exchange->end_turn();
  CHECK(account->load().first == 0);
  exchange->begin_turn(account);
  exchange.reset();
  CHECK(account->load().first == 0);
}
