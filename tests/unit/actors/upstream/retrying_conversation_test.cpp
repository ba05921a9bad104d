#include "actors/upstream/accounts/retry_budget.hpp"
#include "actors/upstream/retrying_conversation.hpp"
#include "tests/unit/support/fake_upstream.hpp"
#include "tests/unit/support/recording_listener.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using namespace std::chrono_literals;
using chat::failure_code;
using strings = std::vector<std::string>;

namespace {

/// One conversation over fake upstreams, whose events the test makes, and a clock that the test
/// moves.
struct fixture {
  explicit fixture(std::size_t fallbacks = 0) {
    main->called = "main";
    for (std::size_t i = 0; i < fallbacks; ++i) {
      auto other = std::make_shared<test::fake_upstream>();
      other->called = "other" + std::to_string(i);
      others.push_back(std::move(other));
    }
  }

  void begin(bool stream = true) {
    std::vector<fallback> upstreams;
    for (auto& other : others) {
      other->can.stateless = true;
      upstreams.push_back({other, "their model", other->called == long_one});
    }
    plan = std::make_shared<retry_plan>(main, std::move(upstreams), options, counts);
    plan->now = [this] { return now; };
    conversation_context context;
    context.events = [this](transfer_event e) { conversation->on_transfer(std::move(e)); };
    context.wake = [this](std::chrono::milliseconds time, std::uint64_t number) {
      waits.push_back({time, number});
    };
    conversation =
        std::make_unique<retrying_conversation>(plan, upstream_chat{}, heard, std::move(context));
    begin_again(stream);
  }

  void begin_again(bool stream = true) {
    auto request = std::make_shared<chat::request>();
    request->stream = stream;
    upstream_turn turn;
    turn.model = "model";
    turn.text = "hello";
    turn.request = request;
    conversation->begin(turn);
  }

  /// The newest timer fires.
  void wake() { conversation->on_wake(waits.back().second); }

  static test::fake_upstream::line& at(const std::shared_ptr<test::fake_upstream>& upstream) {
    return *upstream->lines.back();
  }

  void fail_later(std::optional<std::chrono::milliseconds> retry_after = {},
                  remedy help = remedy::later) {
    chat::failure e{failure_code::upstream_error};
    e.retry_after = retry_after;
    at(main).fail_with({e, help});
  }

  /// The time of the newest timer passes.
  void pass() {
    now += waits.back().first;
    wake();
  }

  std::shared_ptr<test::fake_upstream> main = std::make_shared<test::fake_upstream>();
  std::vector<std::shared_ptr<test::fake_upstream>> others;
  /// The fall-back for long conversations.
  std::string long_one;
  retry_plan::clock::time_point now = retry_plan::clock::now();
  retry_options options;
  metrics counts;
  std::shared_ptr<retry_plan> plan;
  test::recording_listener heard;
  std::vector<std::pair<std::chrono::milliseconds, std::uint64_t>> waits;
  std::unique_ptr<retrying_conversation> conversation;
};

struct with_two_fallbacks : fixture {
  with_two_fallbacks() : fixture(2) { main->can.stateless = true; }
};

const strings once{"begin hello"};
const strings twice{"begin hello", "begin hello"};

} // namespace

TEST_CASE_FIXTURE(fixture, "a turn that was certainly not accepted is retried, later each time") {
  begin();
  fail_later();
  REQUIRE(waits.size() == 1);
  CHECK(waits[0].first >= 125ms);
  CHECK(waits[0].first <= 250ms);
  CHECK(main->log == once);
  wake();
  CHECK(main->log == twice);
  fail_later();
  CHECK(waits[1].first >= 250ms);
  CHECK(waits[1].first <= 500ms);
  CHECK(heard.log.empty());
  wake();
  fail_later();
  CHECK(heard.log == strings{"failure"});
  CHECK(counts.upstream("main").retries.Value() == 2);
}

TEST_CASE_FIXTURE(fixture, "a turn that may have been accepted is not retried") {
  begin();
  at(main).fail(failure_code::upstream_error);
  CHECK(waits.empty());
  CHECK(heard.log == strings{"failure"});
}

TEST_CASE_FIXTURE(fixture, "nothing is retried after some of the answer was passed on") {
  begin();
  at(main).say("meow");
  fail_later();
  CHECK(waits.empty());
  CHECK(heard.log == strings{"failure"});
  begin_again(); // The next turn may be retried.
  fail_later();
  CHECK(waits.size() == 1);
}

TEST_CASE_FIXTURE(
    fixture,
    "an upstream is left alone for as long as it asks, or its failure is reported at once") {
  begin();
  fail_later(3s);
  REQUIRE(waits.size() == 1);
  CHECK(waits[0].first >= 3s);
  CHECK(waits[0].first <= 3250ms);
  wake();
  fail_later(11s);
  CHECK(waits.size() == 1);
  CHECK(heard.log == strings{"failure"});
  CHECK(heard.error.retry_after == std::optional{11s});
}

TEST_CASE_FIXTURE(fixture, "another account takes a turn at once") {
  begin();
  at(main).fail(failure_code::upstream_auth_failed, remedy::other_account);
  CHECK(main->log == twice);
  CHECK(waits.empty());
  at(main).fail(failure_code::upstream_auth_failed);
  CHECK(heard.log == strings{"failure"});
}

TEST_CASE("an empty budget has no retries in advance either") {
  retry_budget none{0};
  none.turn_begun();
  CHECK_FALSE(none.take());
}

TEST_CASE_FIXTURE(fixture, "the budget is a share of all turns, and some in advance") {
  options.budget = 0.5;
  options.retries = 10;
  begin();
  for (int i = 0; i < 10; ++i) {
    fail_later();
    wake();
  }
  begin_again();
  fail_later();
  CHECK(waits.size() == 10);
  CHECK(heard.log == strings{"failure"});
  CHECK(counts.upstream("main").refused_retries.Value() == 1);
  begin_again();
  fail_later();
  CHECK(waits.size() == 11);
}

TEST_CASE_FIXTURE(fixture, "a turn that is given up while it waits is not retried") {
  begin();
  CHECK(conversation->may_have_reached());
  fail_later();
  CHECK_FALSE(conversation->may_have_reached());
  conversation->cancel({});
  wake();
  CHECK(main->log == strings{"begin hello", "cancel"});
}

TEST_CASE_FIXTURE(fixture, "an answer without text in time is given up") {
  options.first_token = 2s;
  begin();
  REQUIRE(waits.size() == 1);
  CHECK(waits[0].first == 2s);
  SUBCASE("if the text comes too late") {
    wake();
    CHECK(main->log.back() == "too late");
    CHECK(heard.error.code == failure_code::upstream_timeout);
    CHECK(heard.error.maybe_taken);
  }
  SUBCASE("and not if it came in time") {
    at(main).say("meow");
    wake();
    CHECK(main->log == once);
    CHECK(heard.log.empty());
  }
}

TEST_CASE_FIXTURE(fixture, "a whole answer has no first text") {
  options.first_token = 2s;
  begin(false);
  CHECK(waits.empty());
}

TEST_CASE_FIXTURE(with_two_fallbacks,
                  "fall-backs take a turn that the first upstream cannot answer") {
  begin();
  at(main).fail(failure_code::upstream_error);
  CHECK(others[0]->log == once);
  CHECK(others[0]->turns[0].model == "their model");
  at(others[0]).fail(failure_code::upstream_timeout);
  CHECK(others[1]->log == once);
  at(others[1]).say("meow");
  at(others[1]).end_answer(chat::message{chat::role::assistant, "meow"});
  CHECK(heard.log == strings{"by other1 public-their model", "answer"});
  conversation->settle();
  CHECK(others[1]->log.back() == "settle");
  CHECK(counts.upstream("main").fallbacks.Value() == 2);
  begin_again();
  CHECK(main->log == twice); // The next turn asks the first again.
}

TEST_CASE_FIXTURE(with_two_fallbacks, "a fault of the request is a fault everywhere") {
  begin();
  at(main).fail(failure_code::context_length_exceeded);
  CHECK(others[0]->log.empty());
  CHECK(heard.error.code == failure_code::context_length_exceeded);
}

TEST_CASE_FIXTURE(with_two_fallbacks, "what fall-backs say about a request is not reported") {
  begin();
  at(main).fail(failure_code::upstream_timeout);
  at(others[0]).fail(failure_code::context_length_exceeded);
  at(others[1]).fail(failure_code::model_not_found);
  CHECK(heard.log == strings{"failure"});
  CHECK(heard.error.code == failure_code::upstream_timeout);
}

TEST_CASE_FIXTURE(with_two_fallbacks,
                  "there is no fall-back after some of the answer was passed on") {
  begin();
  at(main).say("me");
  at(main).fail(failure_code::upstream_error);
  CHECK(others[0]->log.empty());
  CHECK(heard.log == strings{"failure"});
}

TEST_CASE_FIXTURE(with_two_fallbacks, "a turn starts over if all failed") {
  begin();
  fail_later();
  at(others[0]).fail(failure_code::upstream_error);
  CHECK(waits.empty());
  at(others[1]).fail(failure_code::upstream_error);
  REQUIRE(waits.size() == 1);
  wake();
  CHECK(main->log == twice);
}

TEST_CASE_FIXTURE(with_two_fallbacks, "an answer without text in time is requested elsewhere") {
  options.first_token = 2s;
  begin();
  wake();
  CHECK(main->log.back() == "too late");
  CHECK(others[0]->log == once);
  CHECK(heard.log.empty());
}

TEST_CASE_FIXTURE(with_two_fallbacks, "events reach the conversation that started the transfer") {
  begin();
  auto& first = at(main);
  at(main).fail(failure_code::upstream_error);
  auto& second = at(others[0]);
  first.happenings.push_back([this] { heard.log.emplace_back("late"); });
  second.happenings.push_back([this] { heard.log.emplace_back("in time"); });
  second.context.events(transfer_event{});
  CHECK(heard.log == strings{"in time"});
}

TEST_CASE_FIXTURE(fixture, "a cheap failure is tried once more at once, and only once") {
  begin();
  fail_later({}, remedy::again);
  CHECK(main->log == twice);
  CHECK(waits.empty());
  fail_later({}, remedy::again);
  CHECK(heard.log == strings{"failure"});
  CHECK(counts.upstream("main").retries.Value() == 1);
}

TEST_CASE_FIXTURE(fixture, "without retries nothing is tried once more") {
  options.retries = 0;
  begin();
  fail_later({}, remedy::again);
  CHECK(main->log == once);
  CHECK(heard.log == strings{"failure"});
}

TEST_CASE_FIXTURE(fixture, "without an alternative, a turn begins whatever rests") {
  main->admitting = false;
  begin();
  CHECK(main->log == once);
}

TEST_CASE_FIXTURE(fixture,
                  "a loading upstream is asked every second, for as long as that may take") {
  options.loading_wait = 60s;
  options.retries = 0;
  options.budget = 0;
  begin();
  const auto begun = now;
  while (heard.log.empty()) {
    fail_later({}, remedy::when_loaded);
    if (heard.log.empty()) {
      CHECK(waits.back().first == 1s);
      pass();
    }
  }
  CHECK(now - begun == 60s);
  CHECK(main->log.size() == 61);
  CHECK(counts.upstream("main").retries.Value() == 0);
}

TEST_CASE_FIXTURE(fixture,
                  "a turn does not wait for an upstream that loads for longer than the limit") {
  SUBCASE("because waiting is switched off") { options.loading_wait = 0s; }
  SUBCASE("because the upstream says so") { options.loading_wait = 5s; }
  begin();
  fail_later(6s, remedy::when_loaded);
  CHECK(heard.log == strings{"failure"});
}

TEST_CASE_FIXTURE(fixture, "a loading upstream is not asked before the time that it names") {
  begin();
  fail_later(20s, remedy::when_loaded);
  CHECK(waits.back().first == 20s);
}

TEST_CASE_FIXTURE(fixture, "of the turns that wait for a loading upstream one asks, and then all") {
  begin();
  fail_later({}, remedy::when_loaded);
  now += 900ms;
  plan->seen_loading = now; // Another turn asked.
  now += 100ms;
  wake();
  CHECK(main->log == once);
  now += 1s;
  wake();
  CHECK(main->log == twice);
}

TEST_CASE_FIXTURE(fixture, "a failure after loading is like any other") {
  begin();
  fail_later({}, remedy::when_loaded);
  pass();
  fail_later();
  CHECK(heard.log.empty());
  CHECK(waits.back().first <= 250ms);
  pass();
  CHECK(main->log.size() == 3);
}

TEST_CASE_FIXTURE(with_two_fallbacks, "a turn begins at the first upstream that admits it") {
  main->admitting = false;
  others[0]->admitting = false;
  begin();
  CHECK(main->log.empty());
  CHECK(others[0]->log.empty());
  CHECK(others[1]->log == once);
  CHECK(counts.upstream("main").fallbacks.Value() == 1);
  at(others[1]).say("meow");
  CHECK(heard.log == strings{"by other1 public-their model"});
}

TEST_CASE_FIXTURE(with_two_fallbacks, "if no upstream admits a turn, the first is asked") {
  main->admitting = others[0]->admitting = others[1]->admitting = false;
  begin();
  CHECK(main->log == once);
  at(main).fail(failure_code::upstream_error);
  CHECK(others[0]->log.empty());
  CHECK(heard.log == strings{"failure"});
}

TEST_CASE_FIXTURE(with_two_fallbacks, "a skipped upstream is asked if all others failed") {
  main->admitting = false;
  begin();
  at(others[0]).fail(failure_code::upstream_error);
  at(others[1]).fail(failure_code::upstream_timeout);
  CHECK(main->log == once);
  at(main).fail(failure_code::upstream_auth_failed);
  CHECK(heard.log == strings{"failure"});
  CHECK(heard.error.code == failure_code::upstream_auth_failed);
}

TEST_CASE_FIXTURE(with_two_fallbacks,
                  "a cheap failure is tried there once more before a fall-back is") {
  begin();
  fail_later({}, remedy::again);
  CHECK(main->log == twice);
  CHECK(others[0]->log.empty());
  fail_later({}, remedy::again);
  CHECK(others[0]->log == once);
}

TEST_CASE_FIXTURE(with_two_fallbacks, "a fall-back takes the turns of a loading upstream at once") {
  begin();
  fail_later({}, remedy::when_loaded);
  CHECK(others[0]->log == once);
  CHECK(waits.empty());
}

TEST_CASE_FIXTURE(with_two_fallbacks,
                  "a conversation that is too long goes to the fall-back marked for it") {
  long_one = "other1";
  begin();
  at(main).fail(failure_code::context_length_exceeded);
  CHECK(others[0]->log.empty());
  CHECK(others[1]->log == once);
  SUBCASE("and is answered there") {
    at(others[1]).say("meow");
    CHECK(heard.log == strings{"by other1 public-their model"});
  }
  SUBCASE("or fails as the first upstream did") {
    at(others[1]).fail(failure_code::upstream_error);
    CHECK(others[0]->log.empty());
    CHECK(heard.error.code == failure_code::context_length_exceeded);
  }
}

TEST_CASE_FIXTURE(with_two_fallbacks, "an answer of the first upstream names no other") {
  begin();
  at(main).say("meow");
  CHECK(heard.log.empty());
}
