#include "actors/upstream/account_pool.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <map>

using namespace nekod;
using namespace std::chrono_literals;
using openai::error_code;

namespace {

/// Accounts of one upstream, by name; the name stands for the secret.
struct fixture {
  void make(const std::map<std::string, double>& weights) {
    std::vector<std::shared_ptr<account_watch>> all;
    for (const auto& [name, weight] : weights)
      all.push_back(std::make_shared<account_watch>(account_identity{"cats", name, weight}, counts,
                                                    std::vector<std::string>{"call"}, line));
    accounts = all;
    pool = std::make_unique<account_pool<account_watch>>(std::move(all), line);
  }

  /// The account that a turn is given, which it runs from now on; or the code of the refusal.
  std::string take() {
    auto taken = pool->any(now);
    if (!taken)
      return std::string{openai::name_of(taken.error().reason.code)};
    turns.emplace_back(*taken);
    return (*taken)->who().id;
  }

  /// Some call of that account ended with that status.
  void end_call(std::size_t account, std::uint16_t status, const std::string& body = "{}",
                std::optional<std::chrono::seconds> retry_after = {}) {
    upstream_response r;
    r.status = status;
    r.body = body;
    r.retry_after = retry_after;
    openai::error problem{status == 401   ? error_code::upstream_auth_failed
                          : status == 429 ? error_code::rate_limit_exceeded
                                          : error_code::upstream_error};
    accounts[account]->ended({0, call_purpose::answering, now}, r.ok() ? nullptr : &problem,
                             transfer_failure::none, r, now);
  }

  std::shared_ptr<metrics> counts = std::make_shared<metrics>();
  std::shared_ptr<circuit> line = std::make_shared<circuit>();
  watched_accounts accounts;
  std::unique_ptr<account_pool<account_watch>> pool;
  std::deque<counted_turn> turns;
  circuit::clock::time_point now = circuit::clock::now();
};

} // namespace

TEST_CASE_FIXTURE(fixture, "turns go to the account with the least to do") {
  make({{"a", 1}, {"b", 1}});
  CHECK(take() == "a");
  CHECK(take() == "b");
  CHECK(take() == "a");
  turns.pop_front();
  turns.pop_back();
  CHECK(take() == "a");
  turns.clear();
  CHECK(take() == "b"); // Which had fewer so far.
}

TEST_CASE_FIXTURE(fixture, "a heavier account has more to do") {
  make({{"a", 1}, {"b", 3}});
  std::map<std::string, int> taken;
  for (int i = 0; i < 40; ++i)
    ++taken[take()];
  CHECK(taken == std::map<std::string, int>{{"a", 10}, {"b", 30}});
}

TEST_CASE_FIXTURE(fixture, "a refused account is set aside, and tried again later") {
  make({{"a", 1}, {"b", 1}});
  end_call(0, 401);
  CHECK(pool->counts().refused == 1);
  for (int i = 0; i < 3; ++i)
    CHECK(take() == "b");
  now += 60s;
  CHECK(take() == "a");
  SUBCASE("for longer when it is refused again") {
    end_call(0, 401);
    now += 119s;
    CHECK(take() == "b");
    turns.clear();
    now += 1s;
    CHECK(take() == "a");
  }
  SUBCASE("and works when it is not") {
    end_call(0, 200);
    CHECK(pool->counts().working == 1);
    end_call(0, 401);
    now += 60s;
    turns.clear();
    CHECK(take() == "a");
  }
}

TEST_CASE_FIXTURE(fixture, "where all are refused, the one that rests least is asked") {
  make({{"a", 1}, {"b", 1}});
  end_call(1, 401);
  now += 1s;
  end_call(0, 401);
  CHECK(take() == "b");
}

TEST_CASE_FIXTURE(fixture, "a limited account rests as long as the upstream says") {
  make({{"a", 1}, {"b", 1}});
  end_call(0, 429, "{}", 7s);
  CHECK(pool->counts().limited == 1);
  CHECK(take() == "b");
  CHECK(take() == "b");
  end_call(1, 429, "{}", 30s);
  auto refused = pool->any(now);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().reason.code == error_code::rate_limit_exceeded);
  CHECK(refused.error().reason.retry_after == std::optional{7s});
  CHECK(refused.error().help == remedy::later);
  auto bound = pool->only(accounts[1], now);
  REQUIRE_FALSE(bound);
  CHECK(bound.error().reason.retry_after == std::optional{30s});
  now += 7s;
  CHECK(take() == "a");
}

TEST_CASE_FIXTURE(fixture, "one that is not told for how long rests a little longer each time") {
  make({{"a", 1}, {"b", 1}});
  end_call(0, 429);
  CHECK(accounts[0]->rest(now) == 1s);
  now += 1s;
  end_call(0, 429);
  CHECK(accounts[0]->rest(now) == 2s);
  now += 2s;
  end_call(0, 200);
  end_call(0, 429);
  CHECK(accounts[0]->rest(now) == 1s);
}

TEST_CASE_FIXTURE(fixture, "what was under way when an account began to rest tells nothing new") {
  make({{"a", 1}, {"b", 1}});
  for (int i = 0; i < 10; ++i)
    end_call(0, 401);
  CHECK(accounts[0]->rest(now) == 60s);
  for (int i = 0; i < 10; ++i)
    end_call(1, 429);
  CHECK(accounts[1]->rest(now) == 1s);
}

TEST_CASE_FIXTURE(fixture, "no limit is so short that an account would be asked at once again") {
  make({{"a", 1}, {"b", 1}});
  end_call(0, 429, "{}", 0s);
  CHECK(accounts[0]->rest(now) == 1s);
}

TEST_CASE_FIXTURE(fixture,
                  "an account that comes back has one turn in two, not all that it missed") {
  make({{"a", 1}, {"b", 1}});
  end_call(0, 429, "{}", 3s);
  for (int i = 0; i < 60; ++i) {
    CHECK(take() == "b");
    turns.clear();
  }
  now += 3s;
  std::map<std::string, int> taken;
  for (int i = 0; i < 40; ++i) {
    ++taken[take()];
    turns.clear();
  }
  CHECK(taken["a"] <= 21);
  CHECK(taken["b"] >= 19);
}

TEST_CASE_FIXTURE(fixture, "a refused account that works again rests no more") {
  make({{"a", 1}, {"b", 1}});
  end_call(0, 401);
  end_call(0, 200);
  CHECK(accounts[0]->rest(now) <= 0s);
}

TEST_CASE_FIXTURE(fixture, "a trial that meets a limit on our address is over") {
  make({{"a", 1}, {"b", 1}});
  for (int i = 0; i < 5; ++i)
    end_call(0, 500);
  now += 5s;
  take();
  end_call(0, 429, "<html>", 1s);
  now += 1s;
  CHECK(take() != "overloaded");
}

TEST_CASE_FIXTURE(fixture, "a limit that a page tells is one of our address: all rest") {
  make({{"a", 1}, {"b", 1}});
  end_call(0, 429, "  <html>slow down</html>", 7s);
  CHECK(pool->counts().limited == 0);
  CHECK(take() == "overloaded");
  CHECK_FALSE(pool->is_given_up(now));
  now += 7s;
  CHECK(take() == "a");
}

TEST_CASE_FIXTURE(fixture, "a lone account is always asked") {
  make({{"a", 1}});
  for (std::uint16_t status : {401, 429}) {
    end_call(0, status, "{}", 1h);
    CHECK(take() == "a");
    CHECK(pool->only(accounts[0], now));
    CHECK(pool->find("a", now));
  }
}

TEST_CASE_FIXTURE(fixture, "a chat's account is found unless it is set aside or no more ours") {
  make({{"a", 1}, {"b", 1}});
  CHECK(pool->find("a", now) == accounts[0]);
  CHECK_FALSE(pool->find("c", now));
  end_call(0, 429);
  CHECK(pool->find("a", now) == accounts[0]);
  end_call(0, 401);
  CHECK_FALSE(pool->find("a", now));
  end_call(1, 401);
  CHECK(pool->find("a", now) == accounts[0]); // Nobody else is better.
}

TEST_CASE_FIXTURE(fixture, "an upstream that fails is left alone whichever account is asked") {
  make({{"a", 1}, {"b", 1}});
  for (int i = 0; i < 5; ++i)
    end_call(i % 2, 500);
  CHECK(pool->is_given_up(now));
  CHECK(counts->upstream("cats").circuit_open.Value() == 1);
  CHECK(take() == "overloaded");
  CHECK_FALSE(pool->only(accounts[0], now));
  now += 5s;
  CHECK(take() == "a");
  CHECK(take() == "overloaded");
  end_call(0, 400); // It answers, whatever it says.
  CHECK(counts->upstream("cats").circuit_open.Value() == 0);
  CHECK(take() == "b");
}
