#include "actors/registry/live_sessions.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace nekod;
using namespace std::chrono_literals;

namespace {

using strings = std::vector<std::string>;

const session_key s1{"a", "s1"};
const session_key s2{"a", "s2"};
const session_key other{"b", "s1"};

const auto made = std::chrono::system_clock::time_point{} + 1h;

struct fixture {
  fixture() {
    for (const auto& key : {s1, s2, other})
      live.add(key, {}, ++actors, made);
  }

  session_report report_of(const session_key& key, const std::string& tip = {},
                           const std::string& identity = {}) const {
    session_report report;
    report.info.tenant = key.tenant;
    report.info.id = key.id;
    report.info.created_at = made;
    report.turns = live.find(key) != nullptr ? live.find(key)->turns : 0;
    report.resting = true;
    report.tip = conversation_tip::of(tip);
    report.identity = identity;
    return report;
  }

  void give(const session_key& key, const std::string& identity,
            session_match match = session_match::fresh) {
    turn t;
    t.identity = identity;
    t.match = match;
    live.give_turn(key, t);
  }

  std::string with_request(const std::string& identity) const {
    auto found = live.with_request("a", identity);
    return found ? found->id : "";
  }

  std::string with_tip(const std::string& tip, const std::string& scope = {}) const {
    auto found = live.with_tip({"a", scope, tip});
    return found ? found->id : "";
  }

  static session_view view_of_a() {
    session_view result;
    result.tenant = "a";
    return result;
  }

  static strings ids(const live_listing& listing) {
    strings result;
    for (const auto& s : listing.sessions)
      result.push_back(s.id);
    return result;
  }

  live_sessions live;
  caf::actor_id actors = 0;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a session is found by its tenant and id, and by its actor") {
  CHECK(live.has(s1));
  CHECK_FALSE(live.has({"b", "s2"}));
  CHECK(live.of_actor(1) == s1);
  CHECK(live.of_actor(3) == other);
  CHECK(live.of_actor(4) == std::nullopt);
  live.forget(s1);
  CHECK_FALSE(live.has(s1));
  CHECK(live.of_actor(1) == std::nullopt);
  CHECK(live.has(other));
  live.forget(s1);
}

TEST_CASE_FIXTURE(fixture, "a session is found by its tip in its tenant and scope") {
  auto report = report_of(s1, "tip");
  report.scope = "scope";
  live.take_report(report);
  CHECK(with_tip("tip", "scope") == "s1");
  CHECK(with_tip("tip").empty());
  CHECK_FALSE(live.with_tip({"b", "scope", "tip"}));
}

TEST_CASE_FIXTURE(fixture, "a new report replaces the tip of the last one") {
  live.take_report(report_of(s1, "first"));
  live.take_report(report_of(s1, "second"));
  CHECK(with_tip("first").empty());
  CHECK(with_tip("second") == "s1");
}

TEST_CASE_FIXTURE(fixture, "of two sessions with one tip each is found in turn") {
  live.take_report(report_of(s1, "tip"));
  live.take_report(report_of(s2, "tip"));
  const auto first = with_tip("tip");
  give({"a", first}, "request");
  CHECK(with_tip("tip") != first);
  give({"a", with_tip("tip")}, "another");
  CHECK(with_tip("tip").empty());
}

TEST_CASE_FIXTURE(
    fixture, "a report that does not count a turn on its way does not make the session findable") {
  const auto late = report_of(s1, "tip", "old request");
  give(s1, "request");
  live.take_report(late);
  CHECK(with_tip("tip").empty());
  CHECK(with_request("old request").empty());
  CHECK(with_request("request") == "s1");
  CHECK(live.find(s1)->has_reported);
  CHECK_FALSE(live.find(s1)->is_at_rest());
  live.take_report(report_of(s1, "tip", "request"));
  CHECK(with_tip("tip") == "s1");
  CHECK(live.find(s1)->is_at_rest());
}

TEST_CASE_FIXTURE(fixture,
                  "of equal requests the newest is found until its session takes another") {
  give(s1, "request");
  give(s2, "request");
  CHECK(with_request("request") == "s2");
  CHECK_FALSE(live.with_request("b", "request"));
  give(s2, "another");
  CHECK(with_request("request").empty());
  live.take_report(report_of(s1, {}, "request"));
  CHECK(with_request("request") == "s1");
}

TEST_CASE_FIXTURE(fixture, "an older session with an equal request leaves the newest found") {
  give(s1, "request");
  give(s2, "request");
  give(s1, "another");
  CHECK(with_request("request") == "s2");
  live.forget(s1);
  CHECK(with_request("request") == "s2");
  CHECK(with_request("another").empty());
}

TEST_CASE_FIXTURE(fixture, "a turn that names its session is not found by its request on its way") {
  give(s1, "request", session_match::explicit_id);
  CHECK(with_request("request").empty());
}

TEST_CASE_FIXTURE(
    fixture,
    "a session may leave memory unless a turn is on its way to it or it is being deleted") {
  const auto report = report_of(s1);
  CHECK(live.may_retire(report));
  give(s1, "request");
  CHECK_FALSE(live.may_retire(report));
  CHECK(live.may_retire(report_of(s1)));
  live.start_deletion(s1);
  CHECK_FALSE(live.may_retire(report_of(s1)));
  live.forget(s1);
  CHECK_FALSE(live.may_retire(report));
}

TEST_CASE_FIXTURE(fixture, "a session that is being deleted keeps only its name") {
  live.take_report(report_of(s1, "tip", "request"));
  live.start_deletion(s1);
  CHECK(live.has(s1));
  CHECK(with_tip("tip").empty());
  CHECK(with_request("request").empty());
  CHECK(live.of_actor(1) == std::nullopt);
  live.take_report(report_of(s1, "tip", "request"));
  CHECK(with_tip("tip").empty());
  CHECK(live.show("s1", view_of_a()) == nullptr);
}

TEST_CASE_FIXTURE(fixture, "a report of a session that has left is ignored") {
  const auto report = report_of(s1, "tip");
  live.forget(s1);
  live.take_report(report);
  CHECK_FALSE(live.has(s1));
  CHECK(with_tip("tip").empty());
}

TEST_CASE_FIXTURE(fixture,
                  "a list has the sessions that have reported, after the cursor, in order") {
  auto second = report_of(s1);
  second.info.created_at = made + 2s;
  live.take_report(second);
  auto first = report_of(s2);
  first.info.created_at = made + 1s;
  first.info.turns = 1;
  live.take_report(first);
  session_query query;
  query.view.tenant = "a";
  CHECK(ids(live.list(query)) == strings{"s2", "s1"});
  CHECK(query.unrecorded == std::vector{s1});
  query.unrecorded.clear();
  query.after = first.info.place();
  auto behind = live.list(query);
  CHECK(ids(behind) == strings{"s1"});
  CHECK(behind.keys == std::set{s1, s2});
}

TEST_CASE_FIXTURE(fixture, "a list has one session more than fits on the page") {
  live.take_report(report_of(s1));
  live.take_report(report_of(s2));
  live.take_report(report_of(other));
  session_query query;
  query.view.all = true;
  query.limit = 1;
  CHECK(live.list(query).sessions.size() == 2);
}

TEST_CASE_FIXTURE(fixture, "a session that is being deleted is not listed, nor is its record") {
  live.take_report(report_of(s1));
  live.start_deletion(s1);
  session_query query;
  query.view.tenant = "a";
  auto listing = live.list(query);
  CHECK(listing.sessions.empty());
  CHECK(listing.keys == std::set{s1});
}

TEST_CASE_FIXTURE(fixture, "a session is found by its conversation, within its tenant") {
  auto report = report_of(s1);
  report.info.conversation = "c1";
  CHECK(live.with_conversation({"a", "c1"}) == nullptr); // It has not reported.
  live.take_report(report);
  REQUIRE(live.with_conversation({"a", "c1"}) != nullptr);
  CHECK(live.with_conversation({"a", "c1"})->id == "s1");
  CHECK(live.with_conversation({"b", "c1"}) == nullptr);
  CHECK(live.with_conversation({"a", "c2"}) == nullptr);
  live.start_deletion(s1);
  CHECK(live.with_conversation({"a", "c1"}) == nullptr);
}

TEST_CASE_FIXTURE(fixture, "a session is shown to its tenant, and to callers that may see all") {
  const auto a = view_of_a();
  CHECK(live.show("s1", a) == nullptr); // It has not reported.
  live.take_report(report_of(s1));
  live.take_report(report_of(other));
  REQUIRE(live.show("s1", a) != nullptr);
  CHECK(live.show("s1", a)->tenant == "a");
  session_view admin;
  admin.tenant = "b";
  admin.all = true;
  CHECK(live.show("s1", admin)->tenant == "b"); // The caller's own is preferred.
  admin.tenant = "c";
  CHECK(live.show("s1", admin) != nullptr);
  session_view c;
  c.tenant = "c";
  CHECK(live.show("s1", c) == nullptr);
}
