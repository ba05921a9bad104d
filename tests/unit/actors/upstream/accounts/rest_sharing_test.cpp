#include "actors/upstream/accounts/rest_sharing.hpp"
#include "protocol/openai/upstream/failure_words.hpp"
#include "protocol/openai/upstream/upstream_failures.hpp"
#include "tests/unit/support/fake_upstream.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using namespace std::chrono_literals;

namespace {

struct upstream_with_accounts : test::fake_upstream {
  explicit upstream_with_accounts(const std::shared_ptr<metrics>& counts) {
    for (const auto* id : {"one", "two"})
      all.push_back(std::make_shared<account_watch>(account_identity{"cats", id}, counts,
                                                    std::vector<std::string>{"call"},
                                                    std::make_shared<circuit>()));
  }

  std::vector<std::shared_ptr<account_watch>> accounts() const override { return all; }

  std::vector<std::shared_ptr<account_watch>> all;
};

/// A node with the accounts `one` and `two`.
struct node {
  node() {
    sharing.tell([this](shared_rest r) { told.push_back(std::move(r)); });
  }

  /// A call of that account ended with that status.
  void end_call(std::size_t account, std::uint16_t status, const std::string& model = "model",
                const std::string& body = "{}") {
    upstream_response r;
    r.status = status;
    r.body = body;
    r.retry_after = 60s;
    auto problem = openai::failure_of(status, openai::parse_failure(body));
    upstream->all[account]->ended({0, call_purpose::answering, now, model},
                                  r.ok() ? nullptr : &problem, transfer_failure::none, r, now);
  }

  void lose_calls(std::size_t account) {
    auto problem = failure_of(transfer_failure::unreachable, {});
    upstream->all[account]->ended({0, call_purpose::answering, now, "model"}, &problem,
                                  transfer_failure::unreachable, {}, now);
  }

  account_report report(std::size_t account) const { return upstream->all[account]->report(now); }

  /// Tells another node what is new.
  void tell(const node& other) {
    for (const auto& r : std::exchange(told, {}))
      other.sharing.heard(r);
  }

  std::shared_ptr<metrics> counts = std::make_shared<metrics>();
  std::shared_ptr<upstream_with_accounts> upstream =
      std::make_shared<upstream_with_accounts>(counts);
  rest_sharing sharing{{upstream},
                       [](const std::string& u, const std::string& id) { return u + "/" + id; }};
  std::vector<shared_rest> told;
  account_watch::clock::time_point now = account_watch::clock::now();
};

struct fixture {
  node a;
  node b;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a limit on one node is one on the other, for its model") {
  a.end_call(0, 429);
  REQUIRE(a.told.size() == 1);
  CHECK(a.told[0].upstream == "cats");
  CHECK(a.told[0].account == "cats/one");
  a.tell(b);
  CHECK(b.report(0).state == "limited");
  CHECK(b.report(0).code == "rate_limit_exceeded");
  CHECK(b.upstream->all[0]->rest("model", b.now) > 59s);
  CHECK(b.upstream->all[0]->rest("other", b.now) == 0s);
  CHECK(b.report(1).state == "unknown");
  CHECK(b.told.empty());
}

TEST_CASE_FIXTURE(fixture, "a refusal on one node is one on the other, until it works on either") {
  a.end_call(0, 401);
  a.tell(b);
  CHECK(b.report(0).state == "refused");
  CHECK(b.report(0).code == "upstream_auth_failed");
  CHECK(b.report(0).rest > 59s);
  b.end_call(0, 200);
  b.tell(a);
  CHECK(a.report(0).state == "working");
  CHECK(a.report(0).rest == 0s);
  CHECK(a.told.empty());
  // That is said once.
  b.end_call(0, 200);
  CHECK(b.told.empty());
}

TEST_CASE_FIXTURE(fixture,
                  "a limit that has not ended stays when the account is no longer refused") {
  a.end_call(0, 429);
  a.end_call(0, 401);
  a.tell(b);
  CHECK(b.report(0).state == "refused");
  a.end_call(0, 200, "other");
  a.tell(b);
  CHECK(b.report(0).state == "limited");
  CHECK(b.upstream->all[0]->rest("model", b.now) > 59s);
  CHECK(b.upstream->all[0]->rest("other", b.now) == 0s);
}

TEST_CASE_FIXTURE(fixture, "what a node cannot reach stays unreachable, whatever others tell") {
  b.lose_calls(0);
  CHECK(b.report(0).state == "unreachable");
  a.end_call(0, 429);
  a.tell(b);
  CHECK(b.report(0).state == "unreachable");
  CHECK(b.upstream->all[0]->rest("model", b.now) > 59s);
}

TEST_CASE_FIXTURE(fixture, "a rest that has ended, or of an unknown account, is ignored") {
  shared_rest r;
  r.upstream = "cats";
  r.account = "cats/one";
  r.end = b.now - 1s;
  b.sharing.heard(r);
  r.end = b.now + 60s;
  r.account = "cats/three";
  b.sharing.heard(r);
  r.account = "cats/one";
  r.upstream = "dogs";
  b.sharing.heard(r);
  CHECK(b.report(0).state == "unknown");
}

TEST_CASE_FIXTURE(fixture, "a limit on an address concerns this node alone") {
  a.end_call(0, 429, "model", "<html>Too many</html>");
  CHECK(a.told.empty());
}
