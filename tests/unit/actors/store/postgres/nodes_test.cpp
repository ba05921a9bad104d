#include "tests/unit/support/database_records.hpp"
#include "tests/unit/support/store_calls.hpp"
#include "tests/unit/support/stored_records.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using namespace std::chrono_literals;

/// What several nodes with one database may take from each other.
namespace {

const std::string a = "00000000-0000-4000-8000-00000000000a";
const std::string b = "00000000-0000-4000-8000-00000000000b";
const session_token one{"a", 1};
const session_token two{"b", 1};
const session_token three{"b", 2};

session_wanted wanted(const session_token& token, const std::string& id) {
  session_wanted w;
  w.token = token;
  w.tenant = "t";
  w.id = id;
  return w;
}

session_wanted telling(const session_token& token, const std::string& tip) {
  auto w = wanted(token, {});
  w.tip = session_tip{"t", {}, tip};
  return w;
}

session_wanted repeating(const session_token& token, const std::string& identity) {
  auto w = wanted(token, {});
  w.identity = identity;
  w.answer = earlier_answer::wanted;
  return w;
}

session_commit commit_of(const session_token& token, std::uint64_t version,
                         const std::string& tip = "tip") {
  session_commit c;
  c.token = token;
  c.version = version;
  c.record.info.id = "s";
  c.record.info.tenant = "t";
  c.record.tip = conversation_tip::of(tip);
  c.record.chat.id = "chat";
  return c;
}

struct fixture : test::database_records {
  fixture() {
    be(b);
    be(a);
    CHECK(commit(commit_of(one, 0)) == commit_outcome::kept);
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "database: a session that another node holds is busy until released") {
  take(wanted(one, "s"));
  be(b);
  const auto busy = try_take(wanted(two, "s"));
  REQUIRE(busy.busy);
  CHECK(commit(commit_of(two, 1)) == commit_outcome::refused);
  release(one);
  const auto taken = try_take(wanted(two, "s"));
  CHECK_FALSE(taken.busy);
  CHECK(taken.taken.version == 1);
  CHECK(taken.taken.record->chat.id == "chat");
}

TEST_CASE_FIXTURE(fixture, "database: what a node that is gone held begins a new upstream chat") {
  take(wanted(one, "s"));
  lose(a);
  be(b);
  const auto taken = take(wanted(two, "s"));
  REQUIRE(taken.record);
  CHECK(taken.record->chat.id.empty());
  CHECK(commit(commit_of(two, 1)) == commit_outcome::kept);
  // It comes back, and has been fenced off.
  be(a);
  CHECK(commit(commit_of(one, 1)) == commit_outcome::refused);
  CHECK(commit(commit_of(one, 2)) == commit_outcome::refused);
}

TEST_CASE_FIXTURE(fixture, "database: a commit that is said twice is kept once, another is not") {
  release(one);
  take(wanted(one, "s"));
  CHECK(commit(commit_of(one, 1, "second"), "x") == commit_outcome::kept);
  CHECK(commit(commit_of(one, 1, "second"), "x") == commit_outcome::kept);
  CHECK(commit(commit_of(one, 1, "other"), "y") == commit_outcome::refused);
  release(one);
  CHECK(commit(commit_of(one, 1, "second"), "x") == commit_outcome::kept);
  CHECK(commit(commit_of(one, 0)) == commit_outcome::refused);
  CHECK(commit(commit_of(one, 2)) == commit_outcome::refused);
  CHECK(take(wanted(one, "s")).version == 2);
}

TEST_CASE_FIXTURE(fixture,
                  "database: a conversation that was answered a moment ago is waited for") {
  // Its holder has committed, and not released it yet.
  be(b);
  CHECK(try_take(telling(two, "tip")).busy);
  // One that is in the middle of a turn continues as something else.
  be(a);
  take(wanted(one, "s"));
  be(b);
  const auto other = try_take(telling(two, "tip"));
  CHECK_FALSE(other.busy);
  CHECK(other.taken.by == found_by::nothing);
}

TEST_CASE_FIXTURE(fixture, "database: of equal requests one node answers at a time") {
  CHECK(try_take(repeating(one, "request")).taken.by == found_by::nothing);
  be(b);
  CHECK(try_take(repeating(two, "request")).busy);
  CHECK_FALSE(try_take(repeating(three, "another")).busy);
  SUBCASE("the other one ends without an answer") {
    release(one);
    CHECK_FALSE(try_take(repeating(two, "request")).busy);
  }
  SUBCASE("the other one is gone") {
    lose(a);
    CHECK_FALSE(try_take(repeating(two, "request")).busy);
  }
  SUBCASE("the other one answers") {
    be(a);
    auto c = commit_of(one, 1);
    c.record.answer.emplace();
    c.record.answer->identity = "request";
    CHECK(commit(c) == commit_outcome::kept);
    be(b);
    CHECK(try_take(repeating(two, "request")).busy);
    release(one);
    const auto found = take(repeating(two, "request"));
    CHECK(found.by == found_by::answer);
    REQUIRE(found.record->answer);
    CHECK(found.record->answer->identity == "request");
  }
}

TEST_CASE_FIXTURE(fixture, "database: a session that is deleted elsewhere cannot be brought back") {
  take(wanted(one, "s"));
  be(b);
  CHECK(remove(session_key{"t", "s"}));
  be(a);
  CHECK(commit(commit_of(one, 1)) == commit_outcome::refused);
  CHECK_FALSE(show("s", {}).found);
}

TEST_CASE_FIXTURE(fixture, "database: what runs on a node that is gone has failed") {
  auto r = test::response("r", {}, {}, "t");
  r.state = response_state::running;
  r.if_interrupted = "failed";
  const auto now = std::chrono::system_clock::now();
  commit(r);
  const auto shown = [&] { return *responses().show(response_key{"t", "r"}, now).record; };
  be(b);
  CHECK(shown().object == r.object);
  lose(a);
  CHECK(shown().object == "failed");
  CHECK(shown().state == response_state::closed);
  CHECK(responses().show(chain_query{{"t", "r"}}, now).state == response_state::closed);
  sweep({}, 10);
  be(a); // It is the same after its node has come back.
  CHECK(shown().object == "failed");
}
