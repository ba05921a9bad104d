#include "actors/upstream/accounts/account_pool.hpp"
#include "protocol/openai/upstream/failure_words.hpp"
#include "protocol/openai/upstream/upstream_failures.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <map>

using namespace nekod;
using namespace std::chrono_literals;

namespace {

/// Accounts of one upstream, by name; the name stands for the secret.
struct fixture {
  void make(const std::map<std::string, double>& weights) {
    std::vector<std::shared_ptr<account_watch>> all;
    all.reserve(weights.size());
    for (const auto& [name, weight] : weights)
      all.push_back(std::make_shared<account_watch>(account_identity{"cats", name, weight}, counts,
                                                    std::vector<std::string>{"call"}, breaker));
    accounts = all;
    pool = std::make_unique<account_pool<account_watch>>(std::move(all), breaker);
  }

  /// The account for a turn, which runs from now on.
  std::string take(const std::string& model = "model") {
    const auto& taken = pool->any(model, now);
    turns.emplace_back(taken);
    return taken->who().id;
  }

  bool admits(const std::string& model = "model") const { return pool->admits(model, now); }

  /// A call of that account ended with that status.
  void end_call(std::size_t account, std::uint16_t status, const std::string& body = "{}",
                std::optional<std::chrono::milliseconds> retry_after = {},
                const std::string& model = "model") {
    upstream_response r;
    r.status = status;
    r.body = body;
    r.retry_after = retry_after;
    auto problem = openai::failure_of(status, openai::parse_failure(body));
    accounts[account]->ended({0, call_purpose::answering, now, model}, r.ok() ? nullptr : &problem,
                             transfer_failure::none, r, now);
  }

  /// A call that ended without a response.
  void lose_call(std::size_t account, transfer_failure f) {
    auto problem = failure_of(f, {});
    accounts[account]->ended({0, call_purpose::answering, now, "model"}, &problem, f, {}, now);
  }

  circuit::phase phase() const { return pool->state(now).breaker; }

  std::shared_ptr<metrics> counts = std::make_shared<metrics>();
  std::shared_ptr<circuit> breaker = std::make_shared<circuit>();
  watched_accounts accounts;
  std::unique_ptr<account_pool<account_watch>> pool;
  std::deque<counted_turn> turns;
  circuit::clock::time_point now = circuit::clock::now();
};

} // namespace

TEST_CASE_FIXTURE(fixture, "turns go to the account with the least load") {
  make({{"a", 1}, {"b", 1}});
  CHECK(take() == "a");
  CHECK(take() == "b");
  CHECK(take() == "a");
  turns.pop_front();
  turns.pop_back();
  CHECK(take() == "a");
  turns.clear();
  CHECK(take() == "b"); // It has had fewer turns so far.
}

TEST_CASE_FIXTURE(fixture, "an account with more weight gets more turns") {
  make({{"a", 1}, {"b", 3}});
  std::map<std::string, int> taken;
  for (int i = 0; i < 40; ++i)
    ++taken[take()];
  CHECK(taken == std::map<std::string, int>{{"a", 10}, {"b", 30}});
}

TEST_CASE_FIXTURE(fixture, "a refused account rests, and is tried again later") {
  make({{"a", 1}, {"b", 1}});
  end_call(0, 401);
  CHECK(pool->state(now).refused == 1);
  for (int i = 0; i < 3; ++i)
    CHECK(take() == "b");
  now += 60s;
  CHECK(take() == "a");
  SUBCASE("for longer if it is refused again") {
    end_call(0, 401);
    now += 119s;
    CHECK(take() == "b");
    turns.clear();
    now += 1s;
    CHECK(take() == "a");
  }
  SUBCASE("and works if it is not") {
    end_call(0, 200);
    CHECK(pool->state(now).working == 1);
    end_call(0, 401);
    now += 60s;
    turns.clear();
    CHECK(take() == "a");
  }
}

TEST_CASE_FIXTURE(fixture, "if all are refused, the one whose rest ends first is asked") {
  make({{"a", 1}, {"b", 1}});
  end_call(1, 401);
  now += 1s;
  end_call(0, 401);
  CHECK(take() == "b");
}

TEST_CASE_FIXTURE(fixture, "a limited account rests as long as the upstream says") {
  make({{"a", 1}, {"b", 1}});
  end_call(0, 429, "{}", 7s);
  CHECK(pool->state(now).limited == 1);
  CHECK(take() == "b");
  CHECK(take() == "b");
  end_call(1, 429, "{}", 30s);
  // If all rest, the one that is back first is asked: a rest refuses nothing.
  CHECK_FALSE(admits());
  CHECK(take() == "a");
  CHECK(pool->shortest_rest("model", now) == 7s);
  now += 7s;
  CHECK(take() == "a");
}

TEST_CASE_FIXTURE(fixture, "without a time from the upstream, each rest is a little longer") {
  make({{"a", 1}, {"b", 1}});
  end_call(0, 429);
  CHECK(accounts[0]->rest("model", now) == 1s);
  now += 1s;
  end_call(0, 429);
  CHECK(accounts[0]->rest("model", now) == 2s);
  now += 2s;
  end_call(0, 200);
  end_call(0, 429);
  CHECK(accounts[0]->rest("model", now) == 1s);
}

TEST_CASE_FIXTURE(fixture,
                  "calls that were running when an account began to rest tell nothing new") {
  make({{"a", 1}, {"b", 1}});
  for (int i = 0; i < 10; ++i)
    end_call(0, 401);
  CHECK(accounts[0]->rest("model", now) == 60s);
  for (int i = 0; i < 10; ++i)
    end_call(1, 429);
  CHECK(accounts[1]->rest("model", now) == 1s);
}

TEST_CASE_FIXTURE(fixture, "no limit is so short that an account would be asked again at once") {
  make({{"a", 1}, {"b", 1}});
  end_call(0, 429, "{}", 0s);
  CHECK(accounts[0]->rest("model", now) == 1s);
}

TEST_CASE_FIXTURE(fixture,
                  "an account that comes back gets one turn in two, not all that it missed") {
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

TEST_CASE_FIXTURE(fixture, "a refused account that works again does not rest any more") {
  make({{"a", 1}, {"b", 1}});
  end_call(0, 401);
  end_call(0, 200);
  CHECK(accounts[0]->rest("model", now) <= 0s);
}

TEST_CASE_FIXTURE(fixture, "a limit in a page is one of our address: all accounts rest") {
  make({{"a", 1}, {"b", 1}});
  end_call(0, 429, "  <html>slow down</html>", 7s);
  CHECK(pool->state(now).limited == 0);
  CHECK(pool->state(now).address_rest == 7s);
  CHECK_FALSE(admits());
  CHECK(phase() == circuit::phase::closed);
  now += 7s;
  CHECK(admits());
}

TEST_CASE_FIXTURE(fixture, "a limit belongs to its model, and other models are not affected") {
  make({{"a", 1}, {"b", 1}});
  for (std::size_t i : {0, 1})
    end_call(i, 429, "{}", 1h, "big");
  CHECK_FALSE(admits("big"));
  CHECK(admits("small"));
  end_call(0, 200, "{}", {}, "small");
  const auto state = pool->state(now);
  CHECK(state.limited == 2); // A success for another model does not hide it.
  REQUIRE(state.limits.size() == 1);
  CHECK(state.limits[0].model == "big");
  CHECK(state.limits[0].accounts == 2);
  CHECK(state.limits[0].left == 300s);
  now += 300s;
  CHECK(admits("big"));
  CHECK(pool->state(now).limited == 0);
}

TEST_CASE_FIXTURE(fixture,
                  "an account without credit rests for all models, however that is reported") {
  for (const auto& refusal : std::vector<std::pair<std::uint16_t, std::string>>{
           {402, R"({"error":{"message":"Insufficient Balance"}})"},
           {402, ""},
           {403, "{}"},
           {429, R"({"error":{"message":"quota","code":"insufficient_quota"}})"},
           {400, R"({"error":{"message":"x","code":"billing_hard_limit_reached"}})"},
           {400, R"({"error":{"message":"x","type":"billing_error"}})"}}) {
    CAPTURE(refusal.second);
    make({{"a", 1}, {"b", 1}});
    end_call(0, refusal.first, refusal.second, {}, "big");
    CHECK(pool->state(now).refused == 1);
    for (int i = 0; i < 3; ++i)
      CHECK(take("small") == "b");
    turns.clear();
  }
}

TEST_CASE_FIXTURE(fixture,
                  "a lone account is always asked, and rests if a turn has an alternative") {
  make({{"a", 1}});
  for (std::uint16_t status : {401, 429}) {
    end_call(0, status, "{}", 60s);
    CHECK(take() == "a");
    CHECK(pool->find("a", "model", now));
    CHECK_FALSE(admits());
    now += 60s;
    CHECK(admits());
  }
}

TEST_CASE_FIXTURE(fixture, "a chat's account is found unless it rests or is no longer configured") {
  make({{"a", 1}, {"b", 1}});
  CHECK(pool->find("a", "model", now) == accounts[0]);
  CHECK_FALSE(pool->find("c", "model", now));
  end_call(0, 429);
  CHECK_FALSE(pool->find("a", "model", now));
  CHECK(pool->find("a", "other", now) == accounts[0]);
  end_call(0, 401);
  CHECK_FALSE(pool->find("a", "model", now));
  end_call(1, 401);
  CHECK(pool->find("a", "model", now) == accounts[0]); // The other one is no better.
}

TEST_CASE_FIXTURE(fixture, "a failing upstream is left alone, whichever account failed") {
  make({{"a", 1}, {"b", 1}});
  for (std::size_t i = 0; i < 5; ++i)
    end_call(i % 2, 502, "<html>");
  CHECK(phase() == circuit::phase::open);
  CHECK(counts->upstream("cats").circuit_open.Value() == 1);
  CHECK_FALSE(admits());
  end_call(0, 400); // It answers, whatever the answer is.
  CHECK(counts->upstream("cats").circuit_open.Value() == 0);
  CHECK(admits());
}

TEST_CASE_FIXTURE(
    fixture,
    "missing connections, missing answers and invalid answers count for the circuit breaker") {
  using f = transfer_failure;
  for (auto failure : {f::unreachable, f::connect_timeout, f::untrusted, f::first_byte_timeout,
                       f::silence_timeout, f::whole_timeout, f::cut, f::malformed}) {
    breaker = std::make_shared<circuit>();
    make({{"a", 1}});
    for (int i = 0; i < 5; ++i)
      lose_call(0, failure);
    CHECK(phase() == circuit::phase::open);
  }
  for (const auto* body : {"", "oops", "<html>", "{}"}) {
    breaker = std::make_shared<circuit>();
    make({{"a", 1}});
    for (int i = 0; i < 5; ++i)
      end_call(0, 500, body);
    CHECK(phase() == circuit::phase::open);
  }
}

TEST_CASE_FIXTURE(fixture, "a server that reports an error is alive") {
  make({{"a", 1}});
  for (std::uint16_t status : {400, 401, 402, 404, 408, 422, 429, 500, 501, 503, 504})
    for (int i = 0; i < 10; ++i)
      end_call(0, status, R"({"error":{"message":"bad picture","code":500}})");
  CHECK(phase() == circuit::phase::closed);
  CHECK(breaker->try_admit(now));
}

TEST_CASE_FIXTURE(fixture, "a trial that ends in an error of the server decides nothing") {
  make({{"a", 1}});
  for (int i = 0; i < 5; ++i)
    lose_call(0, transfer_failure::unreachable);
  breaker->probed(true, now);
  CHECK(admits());
  end_call(0, 500, R"({"error":{"message":"x"}})");
  CHECK(phase() == circuit::phase::half_open);
  CHECK(admits());
  end_call(0, 200);
  CHECK(phase() == circuit::phase::closed);
}

TEST_CASE_FIXTURE(fixture, "an upstream is known to have been reached, whatever it answered") {
  make({{"a", 1}});
  lose_call(0, transfer_failure::unreachable);
  lose_call(0, transfer_failure::connect_timeout);
  CHECK_FALSE(breaker->was_connected());
  SUBCASE("by a response") { end_call(0, 503); }
  SUBCASE("by a connection that broke") { lose_call(0, transfer_failure::cut); }
  SUBCASE("by a connection that is not trusted") { lose_call(0, transfer_failure::untrusted); }
  CHECK(breaker->was_connected());
}

TEST_CASE_FIXTURE(fixture, "each account is reported: its state, why, since when, and its rest") {
  make({{"a", 1}, {"b", 2}});
  take();
  auto all = pool->state(now).accounts;
  REQUIRE(all.size() == 2);
  CHECK(all[0].id == "a");
  CHECK(all[0].state == "unknown");
  CHECK(all[0].turns + all[1].turns == 1);
  CHECK(all[1].weight == 2);
  CHECK_FALSE(all[0].in_state);
  end_call(0, 429, "{}", 7s);
  end_call(1, 200);
  now += 2s;
  all = pool->state(now).accounts;
  CHECK(all[0].state == "limited");
  CHECK(all[0].code == "rate_limit_exceeded");
  CHECK(all[0].rest == 5s);
  CHECK(all[0].in_state == std::optional<circuit::clock::duration>{2s});
  CHECK(all[1].state == "working");
  CHECK(all[1].code.empty());
  CHECK(all[1].rest == 0s);
  CHECK(pool->state(now).since_change == std::nullopt);
}
