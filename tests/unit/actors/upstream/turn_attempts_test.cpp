#include "actors/upstream/turn_attempts.hpp"
#include "tests/unit/support/fake_upstream.hpp"

#include <doctest/doctest.h>

#include <variant>

using namespace nekod;
using namespace std::chrono_literals;
using chat::failure_code;

namespace {

/// The attempts of one turn, at an upstream with two fall-backs; the second takes long
/// conversations.
struct fixture {
  static std::shared_ptr<test::fake_upstream> stateless(const char* name) {
    auto result = std::make_shared<test::fake_upstream>();
    result->called = name;
    result->can.stateless = true;
    return result;
  }

  turn_attempts::step fail(remedy help, failure_code code = failure_code::upstream_error) {
    return attempts.on_failure({chat::failure{code}, help});
  }

  static std::size_t tried(const turn_attempts::step& s) {
    const auto* now = std::get_if<turn_attempts::try_now>(&s);
    REQUIRE(now != nullptr);
    return now->upstream;
  }

  static std::chrono::milliseconds wait(const turn_attempts::step& s) {
    const auto* later = std::get_if<turn_attempts::wait_for>(&s);
    REQUIRE(later != nullptr);
    return later->time;
  }

  static chat::failure failure(const turn_attempts::step& s) {
    const auto* end = std::get_if<turn_attempts::give_up>(&s);
    REQUIRE(end != nullptr);
    return end->reason.reason;
  }

  retry_options options;
  metrics counts;
  std::shared_ptr<test::fake_upstream> main = stateless("main");
  std::shared_ptr<test::fake_upstream> first = stateless("first");
  std::shared_ptr<test::fake_upstream> second = stateless("second");
  retry_plan::clock::time_point now = retry_plan::clock::now();
  std::shared_ptr<retry_plan> plan = std::make_shared<retry_plan>(
      main, std::vector<fallback>{{first, "theirs"}, {second, {}, true}}, options, counts);
  turn_attempts attempts{plan};
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a turn tries its fall-backs once, then fails as the upstream did") {
  CHECK(attempts.begin("model").upstream == 0);
  CHECK(tried(fail(remedy::none)) == 1);
  CHECK(attempts.model_at(1) == "theirs");
  CHECK(attempts.model_at(2) == "model");
  CHECK(tried(fail(remedy::none, failure_code::upstream_timeout)) == 2);
  CHECK(failure(fail(remedy::none, failure_code::upstream_timeout)).code ==
        failure_code::upstream_error);
  CHECK(attempts.upstream() == 0);
}

TEST_CASE_FIXTURE(fixture, "a fault of the request is not tried elsewhere") {
  attempts.begin("model");
  CHECK(failure(fail(remedy::none, failure_code::malformed_request)).code ==
        failure_code::malformed_request);
}

TEST_CASE_FIXTURE(fixture, "a conversation that is too long goes to a fall-back for long ones") {
  attempts.begin("model");
  CHECK(tried(fail(remedy::none, failure_code::context_length_exceeded)) == 2);
  CHECK(failure(fail(remedy::none)).code == failure_code::context_length_exceeded);
}

TEST_CASE_FIXTURE(fixture, "the same upstream is tried once more in each round if that is cheap") {
  attempts.begin("model");
  CHECK(tried(fail(remedy::again)) == 0);
  CHECK(tried(fail(remedy::again)) == 1);
}

TEST_CASE_FIXTURE(fixture, "another account is asked at the same upstream") {
  attempts.begin("model");
  CHECK(tried(fail(remedy::other_account)) == 0);
  CHECK(tried(fail(remedy::other_account)) == 0);
  CHECK(counts.upstream("main").retries.Value() == 0);
}

TEST_CASE_FIXTURE(fixture, "a failed round begins again after a back-off, within the retries") {
  for (const auto& other : {first, second})
    other->admitting = false;
  attempts.begin("model");
  for (unsigned i = 0; i < options.retries; ++i) {
    CHECK(wait(fail(remedy::later)) >= options.wait / 2);
    CHECK(tried(attempts.on_wait_over()) == 0);
  }
  CHECK(failure(fail(remedy::later)).code == failure_code::upstream_error);
}

TEST_CASE_FIXTURE(fixture, "a loading upstream is asked every second, by one turn at a time") {
  for (const auto& other : {first, second})
    other->admitting = false;
  plan->now = [this] { return now; };
  attempts.begin("model");
  CHECK(wait(fail(remedy::when_loaded)) == loading_step);
  now += loading_step;
  plan->seen_loading = now; // By another turn.
  CHECK(wait(attempts.on_wait_over()) == loading_step);
  now += loading_step;
  CHECK(tried(attempts.on_wait_over()) == 0);
  now += options.loading_wait;
  CHECK(failure(fail(remedy::when_loaded)).code == failure_code::upstream_error);
}
