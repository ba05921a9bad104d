#include "actors/resumption/kept_answers.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace {

using namespace nekod;

/// Keeps nothing.
class no_keeper : public response_recorder {
public:
  response_record ended(const answered&) const override { return {}; }
  response_record unfinished(const unanswered&) const override { return {}; }
  response_record broken_off(const unanswered&, const chat::failure&) const override { return {}; }
  bool stores() const noexcept override { return false; }
};

struct fixture {
  bool add(const std::string& id, std::size_t bytes, const std::string& request = {}) {
    kept_entry entry;
    entry.background = true;
    entry.forget = [this, id] { forgotten.push_back(id); };
    return all.add(key(id), request, std::move(entry), bytes);
  }

  /// It is found by its id, and runs in that session.
  void begin(const std::string& id, const std::string& session) {
    kept_entry entry;
    entry.recorder = std::make_shared<no_keeper>();
    REQUIRE(all.add(key(id), {}, std::move(entry), 1));
    all.begun_in({"tenant", session}, key(id));
  }

  std::string running_in(const std::string& session) const {
    return all.running_in({"tenant", session}).value_or("none");
  }

  static response_key key(const std::string& id) { return {"tenant", id}; }

  /// A quarter of the budget is for answers.
  std::shared_ptr<byte_budget> budget = std::make_shared<byte_budget>(400);
  std::shared_ptr<const conversation_digest> digest =
      std::make_shared<conversation_digest>("secret");
  kept_answers all{budget, digest};
  std::vector<std::string> forgotten;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "an answer is found by its tenant and its id, until it is removed") {
  REQUIRE(add("a", 100));
  CHECK(all.find(key("a")));
  CHECK_FALSE(all.find({"another", "a"}));
  CHECK_FALSE(all.find(key("b")));
  CHECK(all.count() == 1);
  all.remove(key("a"));
  CHECK_FALSE(all.find(key("a")));
  CHECK(budget->used() == 0);
}

TEST_CASE_FIXTURE(fixture, "no two answers have the same id") {
  REQUIRE(add("a", 100));
  CHECK_FALSE(add("a", 100));
  CHECK(budget->used() == 100);
}

TEST_CASE_FIXTURE(fixture, "the newest answer to a request is found by it") {
  REQUIRE(add("a", 1, "request"));
  REQUIRE(add("b", 1, "request"));
  all.remove(key("a"));
  REQUIRE(all.find_by_retry_key("request"));
  all.remove(key("b"));
  CHECK_FALSE(all.find_by_retry_key("request"));
}

TEST_CASE_FIXTURE(fixture, "a request is identified by its tenant, its key and its body") {
  const auto identity = all.retry_key("tenant", "key", "body");
  CHECK_FALSE(identity.empty());
  CHECK(all.retry_key("tenant", "key", "body") == identity);
  CHECK(all.retry_key("other", "key", "body") != identity);
  CHECK(all.retry_key("tenant", "other", "body") != identity);
  CHECK(all.retry_key("tenant", "key", "other") != identity);
  CHECK(all.retry_key("tenant", "", "body").empty());
}

TEST_CASE_FIXTURE(fixture, "an answer without a key is not found by its request") {
  REQUIRE(add("a", 1));
  CHECK_FALSE(all.find_by_retry_key(""));
}

TEST_CASE_FIXTURE(fixture,
                  "for want of room those that have ended are forgotten, the oldest first") {
  for (const auto* id : {"a", "b", "c"})
    REQUIRE(add(id, 100));
  all.ended(key("b"));
  all.ended(key("a"));
  REQUIRE(add("d", 100));
  CHECK(forgotten == std::vector<std::string>{"b"});
  CHECK_FALSE(all.find(key("b")));
  CHECK(budget->used() == 300);
  REQUIRE(all.resize(key("c"), 150));
  CHECK(forgotten == std::vector<std::string>{"b", "a"});
}

TEST_CASE_FIXTURE(fixture, "others that find no room have those forgotten that have ended") {
  budget->spare_by([this] { return all.forget_oldest(); });
  for (const auto* id : {"a", "b", "c"})
    REQUIRE(add(id, 100));
  all.ended(key("b"));
  all.ended(key("a"));
  auto request = byte_budget::for_request(budget);
  CHECK(request.resize(150));
  CHECK(forgotten == std::vector<std::string>{"b", "a"});
  CHECK(budget->used() == 250);
  CHECK_FALSE(request.resize(201));
  CHECK(all.find(key("c")));
}

TEST_CASE_FIXTURE(fixture, "those that run are never forgotten") {
  for (const auto* id : {"a", "b", "c"})
    REQUIRE(add(id, 100));
  CHECK_FALSE(add("d", 1));
  CHECK_FALSE(all.resize(key("a"), 101));
  CHECK(budget->used() == 300);
  CHECK(forgotten.empty());
  CHECK(all.count() == 3);
}

TEST_CASE_FIXTURE(fixture, "the part of the budget that is for answers stays free") {
  CHECK_FALSE(add("a", 301));
  CHECK(add("a", 300));
}

TEST_CASE_FIXTURE(fixture, "an answer with another id keeps its request, its bytes and its age") {
  REQUIRE(add("a", 100, "request"));
  REQUIRE(add("b", 100));
  all.ended(key("a"));
  all.ended(key("b"));
  CHECK_FALSE(all.rename(key("a"), key("b")));
  REQUIRE(all.rename(key("a"), key("z")));
  CHECK_FALSE(all.find(key("a")));
  CHECK(all.find(key("z")));
  CHECK(all.find_by_retry_key("request"));
  CHECK(budget->used() == 200);
  REQUIRE(add("c", 200));
  CHECK(forgotten == std::vector<std::string>{"a"});
  CHECK_FALSE(all.find_by_retry_key("request"));
}

TEST_CASE_FIXTURE(fixture, "those in the background that have not ended are counted as running") {
  REQUIRE(add("a", 1));
  REQUIRE(add("b", 1));
  CHECK(all.running() == 2);
  all.ended(key("a"));
  all.ended(key("a"));
  CHECK(all.running() == 1);
  CHECK(all.count() == 2);
}

TEST_CASE_FIXTURE(fixture, "the answer that runs in a session is found by it until it ends") {
  CHECK(running_in("s1") == "none");
  begin("a", "s1");
  begin("b", "s2");
  CHECK(running_in("s1") == "a");
  CHECK_FALSE(all.running_in({"another", "s1"}));
  REQUIRE(all.rename(key("a"), key("c")));
  CHECK(running_in("s1") == "c");
  all.ended(key("c"));
  CHECK(running_in("s1") == "none");
  CHECK(running_in("s2") == "b");
  begin("d", "s1");
  all.remove(key("c")); // It gives up nothing of the next one.
  CHECK(running_in("s1") == "d");
  all.remove(key("d"));
  CHECK(running_in("s1") == "none");
}

TEST_CASE_FIXTURE(fixture, "an answer that is not found by its id is not found by its session") {
  REQUIRE(add("a", 1));
  all.begun_in({"tenant", "s1"}, key("a"));
  CHECK(running_in("s1") == "none");
}
