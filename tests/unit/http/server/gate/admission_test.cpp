#include "http/server/gate/admission.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

using namespace nekod;
using namespace nekod::http;

rate_limit limit(const std::string& text) { return *parse_rate_limit(text); }

request from(const std::string& peer, fields headers = {}) {
  request r;
  r.peer = peer;
  r.headers = std::move(headers);
  return r;
}

struct fixture {
  /// A file with keys of alice (an admin), bob, and carol with her own limit on chats.
  api_keys keys() {
    auto line = [](const std::string& tenant, bool admin, std::optional<rate_limit> chats) {
      api_key holder{tenant, admin, {}, std::move(chats)};
      return key_line(tenant + "-key", holder) + "\n";
    };
    return *parse_api_keys(line("alice", true, {}) + line("bob", false, {}) +
                           line("carol", false, limit("3 per day")));
  }

  std::shared_ptr<metrics> counts = std::make_shared<metrics>();
};

fields bearer(const std::string& key) { return {{"Authorization", "Bearer " + key}}; }

} // namespace

TEST_CASE_FIXTURE(fixture, "without keys all callers are one tenant that may see all") {
  admission gate{{}, counts};
  auto who = gate.identify(from("192.0.2.1", bearer("whatever")));
  CHECK(who.tenant.empty());
  CHECK(who.admin);
  CHECK(gate.knows(who));
  CHECK_FALSE(gate.watch_refusal(who, from("192.0.2.1")));
  CHECK_FALSE(gate.refusal(who, true));
}

TEST_CASE_FIXTURE(fixture, "with keys a caller is the key's tenant, or nobody") {
  admission_rules rules;
  rules.keys = keys();
  admission gate{rules, counts};
  auto alice = gate.identify(from("192.0.2.1", bearer("alice-key")));
  CHECK(alice.tenant == "alice");
  CHECK(alice.admin);
  CHECK_FALSE(gate.watch_refusal(alice, from("192.0.2.1")));
  auto bob = gate.identify(from("192.0.2.1", {{"x-api-key", "bob-key"}}));
  CHECK(bob.tenant == "bob");
  CHECK_FALSE(bob.admin);
  CHECK(gate.watch_refusal(bob, from("192.0.2.1")));
  for (const auto& key : {"bob-kez", "bob-ke", ""}) {
    auto nobody = gate.identify(from("192.0.2.1", bearer(key)));
    CHECK_FALSE(gate.knows(nobody));
    CHECK(gate.watch_refusal(nobody, from("192.0.2.1")));
  }
  for (const auto* address : {"127.0.0.1", "::1"})
    CHECK_FALSE(gate.watch_refusal(gate.identify(from(address)), from(address)));
}

TEST_CASE_FIXTURE(fixture,
                  "with keys a page cannot use its visitor's privilege of being on this machine") {
  admission_rules rules;
  rules.keys = keys();
  admission gate{rules, counts};
  auto code = [&](fields headers) {
    auto local = from("127.0.0.1", std::move(headers));
    return gate.watch_refusal(gate.identify(local), local)->code;
  };
  using chat::failure_code;
  CHECK(code({{"Host", "evil.test"}}) == failure_code::host_not_allowed);
  CHECK(code({{"Host", "nekod"}, {"Origin", "http://evil.test"}}) ==
        failure_code::origin_not_allowed);
  CHECK(code({{"Host", "nekod"}, {"Sec-Fetch-Site", "cross-site"}}) ==
        failure_code::origin_not_allowed);
  auto known = from("127.0.0.1", {{"Host", "nekod"}, {"Origin", "http://localhost:3000"}});
  CHECK_FALSE(gate.watch_refusal(gate.identify(known), known));
  auto admin = from("192.0.2.1", bearer("alice-key"));
  admin.headers.emplace_back("Host", "evil.test");
  CHECK_FALSE(gate.watch_refusal(gate.identify(admin), admin));
}

TEST_CASE_FIXTURE(fixture, "a caller behind a proxy on this machine is not on this machine") {
  admission_rules rules;
  rules.keys = keys();
  rules.trusted_proxies = *parse_networks("127.0.0.1");
  admission gate{rules, counts};
  auto who = gate.identify(from("127.0.0.1", {{"X-Forwarded-For", "192.0.2.7"}}));
  CHECK(who.address == "192.0.2.7");
  CHECK(gate.watch_refusal(who, from("127.0.0.1")));
}

TEST_CASE_FIXTURE(fixture, "limits count by address, and chats count against both") {
  admission_rules rules;
  rules.requests = limit("3 per day");
  rules.chats = limit("1 per day");
  admission gate{rules, counts};
  auto a = gate.identify(from("192.0.2.1"));
  auto b = gate.identify(from("192.0.2.2"));
  CHECK_FALSE(gate.refusal(a, true));
  auto refused = gate.refusal(a, true);
  REQUIRE(refused);
  CHECK(refused->code == chat::failure_code::rate_limit_exceeded);
  CHECK(refused->retry_after);
  // The refused chat does not count as a request.
  CHECK_FALSE(gate.refusal(a, false));
  CHECK_FALSE(gate.refusal(a, false));
  CHECK(gate.refusal(a, false));
  CHECK_FALSE(gate.refusal(b, true));
}

TEST_CASE_FIXTURE(fixture, "with keys limits count by tenant, and a key may have its own") {
  admission_rules rules;
  rules.keys = keys();
  rules.chats = limit("1 per day");
  admission gate{rules, counts};
  auto bob = gate.identify(from("192.0.2.1", bearer("bob-key")));
  auto bob_elsewhere = gate.identify(from("192.0.2.2", bearer("bob-key")));
  CHECK_FALSE(gate.refusal(bob, true));
  CHECK(gate.refusal(bob_elsewhere, true));
  auto carol = gate.identify(from("192.0.2.1", bearer("carol-key")));
  for (int i = 0; i < 3; ++i)
    CHECK_FALSE(gate.refusal(carol, true));
  CHECK(gate.refusal(carol, true));
}

TEST_CASE_FIXTURE(fixture, "new rules hold at once, and an unchanged limit continues to count") {
  admission_rules rules;
  rules.chats = limit("1 per day");
  admission gate{rules, counts};
  auto a = gate.identify(from("192.0.2.1"));
  CHECK_FALSE(gate.refusal(a, true));
  gate.use(rules);
  CHECK(gate.refusal(a, true));
  rules.chats = limit("2 per day");
  gate.use(rules);
  CHECK_FALSE(gate.refusal(a, true));
  rules.keys = keys();
  gate.use(rules);
  CHECK_FALSE(gate.knows(gate.identify(from("192.0.2.1"))));
}

TEST_CASE_FIXTURE(fixture,
                  "the gate knows when each key was used last, also after a change of keys") {
  admission_rules rules;
  rules.keys = keys();
  admission gate{rules, counts};
  auto used = [&](const std::string& tenant) {
    for (const auto& k : gate.keys())
      if (k.entry.key.tenant == tenant)
        return k.last_used;
    return std::int64_t{-1};
  };
  const auto request = from("192.0.2.1", bearer("bob-key"));
  CHECK(used("bob") == 0);
  gate.identify(request);
  CHECK(used("bob") > 0);
  CHECK(used("alice") == 0);
  gate.use(
      *parse_api_keys(key_line("new-key", {"new"}) + "\n" + key_line("bob-key", {"bob", true})));
  CHECK(used("bob") > 0);
  CHECK(used("new") == 0);
  CHECK(used("alice") == -1);
  CHECK(gate.identify(request).admin);
  CHECK(gate.key_of(request) == hash_of_key("bob-key"));
  CHECK_FALSE(gate.key_of(from("192.0.2.1", bearer("alice-key"))));
  CHECK_FALSE(gate.knows(gate.identify(from("192.0.2.1", bearer("alice-key")))));
}

TEST_CASE_FIXTURE(fixture, "further answers of a chat count as chats, unless they are refused") {
  admission_rules rules;
  rules.requests = limit("4 per day");
  rules.chats = limit("5 per day");
  admission gate{rules, counts};
  auto a = gate.identify(from("192.0.2.1"));
  CHECK_FALSE(gate.refusal(a, true));
  CHECK_FALSE(gate.further_refusal(a, 2));
  CHECK_FALSE(gate.refusal(a, true));
  auto refused = gate.further_refusal(a, 2);
  REQUIRE(refused);
  CHECK(refused->code == chat::failure_code::rate_limit_exceeded);
  CHECK(refused->retry_after);
  CHECK_FALSE(gate.refusal(a, true));
  CHECK_FALSE(gate.further_refusal(a, 1));
  CHECK(gate.refusal(a, true)); // Five chats were counted.
  CHECK_FALSE(gate.refusal(a, false));
  CHECK_FALSE(gate.refusal(a, false));
  CHECK(gate.refusal(a, false)); // And four requests, of which two were chats.
}

TEST_CASE_FIXTURE(fixture, "more answers than the chat limit ever allows are refused for good") {
  admission_rules rules;
  rules.chats = limit("5 per day");
  admission gate{rules, counts};
  auto a = gate.identify(from("192.0.2.1"));
  CHECK_FALSE(gate.refusal(a, true));
  auto refused = gate.further_refusal(a, 5);
  REQUIRE(refused);
  CHECK(refused->code == chat::failure_code::invalid_value);
  CHECK(refused->param == "n");
  CHECK_FALSE(gate.refusal(a, true));
  CHECK_FALSE(gate.further_refusal(a, 4));
}

TEST_CASE_FIXTURE(fixture, "without a chat limit any number of answers passes") {
  admission_rules rules;
  rules.requests = limit("1 per day");
  admission gate{rules, counts};
  auto a = gate.identify(from("192.0.2.1"));
  CHECK_FALSE(gate.refusal(a, true));
  CHECK_FALSE(gate.further_refusal(a, 7));
}

TEST_CASE_FIXTURE(fixture, "where nodes count together, their verdict is taken over") {
  using namespace std::chrono_literals;
  admission_rules rules;
  rules.keys = keys();
  rules.requests = limit("10 per minute; 100 per day");
  admission gate{rules, counts};
  const auto carol = gate.identify(from("192.0.2.1", bearer("carol-key")));
  CHECK_FALSE(gate.refusal(carol, true));
  const auto q = gate.limit_request_of(carol, 1, 1);
  REQUIRE(q.charge.buckets.size() == 3);
  CHECK(q.charge.takes());
  CHECK(q.charge.caller == "key:carol");
  CHECK(q.charge.buckets[0].name == "requests 10 per minute; 100 per day #1 key:carol");
  CHECK(q.charge.buckets[0].interval == 6s);
  CHECK(q.charge.buckets[0].whole == 1min);
  CHECK(q.charge.buckets[2].name == "chat 3 per day #1 key:carol");
  CHECK(q.charge.buckets[2].whole == 24h);

  const auto left = [&] {
    std::vector<std::uint64_t> result;
    for (const auto& s : gate.standing_of(carol))
      result.push_back(s.left);
    return result;
  };
  CHECK(left() == std::vector<std::uint64_t>{9, 99, 2});
  limit_verdict v;
  v.full_in = {30s, 864s, 16h};
  CHECK_FALSE(gate.refusal(q, v));
  CHECK(left() == std::vector<std::uint64_t>{5, 99, 1});

  SUBCASE("a request that is refused does not count, and its wait is the longest") {
    CHECK_FALSE(gate.refusal(carol, true));
    v.passes = false;
    v.full_in = {30s, 864s, 20h};
    const auto refused = gate.refusal(gate.limit_request_of(carol, 1, 1), v);
    REQUIRE(refused);
    CHECK(refused->retry_after == 4h);
    CHECK(left() == std::vector<std::uint64_t>{5, 99, 0});
    // What is known to be used up need not be asked for.
    CHECK(gate.refusal(carol, true));
    CHECK_FALSE(gate.refusal(carol, false));
  }
  SUBCASE("looking takes nothing") {
    CHECK_FALSE(gate.limit_request_of(carol, 0, 0).charge.takes());
  }
  SUBCASE("a verdict of other rates is none") {
    v.full_in = {1h};
    v.passes = false;
    CHECK_FALSE(gate.refusal(q, v));
    CHECK(left() == std::vector<std::uint64_t>{5, 99, 1});
  }
}

TEST_CASE_FIXTURE(fixture, "a caller without limits is not asked for") {
  admission_rules rules;
  rules.keys = keys();
  admission gate{rules, counts};
  const auto bob = gate.identify(from("192.0.2.1", bearer("bob-key")));
  CHECK(gate.limit_request_of(bob, 1, 1).charge.buckets.empty());
  // A limit on chats has no part in other requests.
  const auto carol = gate.identify(from("192.0.2.1", bearer("carol-key")));
  CHECK_FALSE(gate.limit_request_of(carol, 1, 0).charge.takes());
  CHECK(gate.limit_request_of(carol, 1, 1).charge.takes());
}
