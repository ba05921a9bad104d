#include "actors/registry/deletion.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace nekod;
using namespace std::chrono_literals;

namespace {

const session_key s1{"a", "s1"};
const session_key s2{"a", "s2"};
const session_key other{"b", "s1"};

const auto made = std::chrono::system_clock::time_point{} + 1h;

struct fixture {
  /// A session in memory that has not reported.
  void add(const session_key& key) { live.add(key, {}, ++actors, made); }

  /// A session in memory at rest.
  void at_rest(const session_key& key, const std::string& model = {}) {
    if (!live.has(key))
      add(key);
    session_report report;
    report.info.tenant = key.tenant;
    report.info.id = key.id;
    report.info.model = model;
    report.info.created_at = report.info.last_used = made;
    report.turns = live.find(key)->turns;
    report.resting = true;
    live.take_report(report);
  }

  /// All sessions of that tenant.
  static session_filter all_of(const std::string& tenant) {
    session_filter result;
    result.view.tenant = tenant;
    result.created_until = made + 1h;
    return result;
  }

  template <class Step>
  Step next(deletion& d) {
    auto step = d.next(live);
    REQUIRE(std::holds_alternative<Step>(step));
    return std::get<Step>(std::move(step));
  }

  bool gone(deletion& d, const session_key& key, removed_record record = removed_record::one) {
    return d.gone(key, record, live);
  }

  live_sessions live;
  caf::actor_id actors = 0;
};

using keys = std::vector<session_key>;

} // namespace

TEST_CASE_FIXTURE(fixture, "a session in the store is deleted by its record") {
  for (auto records : {0u, 1u}) {
    deletion d{s1};
    CHECK(next<removes_record>(d).session == s1);
    d.removed(records);
    CHECK(next<deletion_over>(d).deleted == records);
  }
}

TEST_CASE_FIXTURE(fixture, "a session in memory ends, and keeps its name until it is gone") {
  at_rest(s1);
  deletion d{s1};
  CHECK(next<ends_sessions>(d).sessions == keys{s1});
  CHECK(live.find(s1)->leaving);
  CHECK(deletion::removes(s1, live));
  CHECK(gone(d, s1));
  CHECK_FALSE(live.has(s1));
  CHECK(next<deletion_over>(d).deleted == 1);
}

TEST_CASE_FIXTURE(fixture, "a session counts if it has reported or had a record") {
  auto delete_with = [&](removed_record record) {
    deletion d{s1};
    next<ends_sessions>(d);
    gone(d, s1, record);
    return next<deletion_over>(d).deleted;
  };
  add(s1);
  CHECK(delete_with(removed_record::none) == 0);
  add(s1);
  CHECK(delete_with(removed_record::one) == 1);
  at_rest(s1);
  CHECK(delete_with(removed_record::none) == 1);
}

TEST_CASE_FIXTURE(
    fixture, "a second deletion waits for the first, and leaves a session that begins after it") {
  at_rest(s1);
  deletion first{s1};
  deletion second{s1};
  next<ends_sessions>(first);
  CHECK(next<ends_sessions>(second).sessions == keys{s1});
  gone(first, s1);
  at_rest(s1); // A new session of that name.
  CHECK_FALSE(deletion::removes(s1, live));
  CHECK(gone(second, s1, removed_record::none));
  CHECK(live.has(s1));
  CHECK(next<deletion_over>(first).deleted == 1);
  CHECK(next<deletion_over>(second).deleted == 0);
}

TEST_CASE_FIXTURE(fixture,
                  "many: sessions in memory, then records, then sessions that came meanwhile") {
  at_rest(s1);
  at_rest(s2);
  at_rest(other);
  deletion d{all_of("a")};
  CHECK(next<ends_sessions>(d).sessions == keys{s1, s2});
  CHECK_FALSE(gone(d, s2));
  CHECK(gone(d, s1));
  next<clears_records>(d);
  at_rest(s1); // Its record comes into memory before it is deleted.
  d.removed(5);
  CHECK(next<ends_sessions>(d).sessions == keys{s1});
  CHECK(gone(d, s1));
  CHECK(next<deletion_over>(d).deleted == 7);
  CHECK(live.has(other));
}

TEST_CASE_FIXTURE(fixture, "many: without sessions in memory the records go at once") {
  deletion d{all_of("a")};
  next<clears_records>(d);
  d.removed(3);
  CHECK(next<deletion_over>(d).deleted == 3);
}

TEST_CASE_FIXTURE(fixture,
                  "many: a session that is already being deleted is left to the other deletion") {
  at_rest(s1);
  deletion first{s1};
  next<ends_sessions>(first);
  deletion d{all_of("a")};
  next<clears_records>(d);
  d.removed(0);
  CHECK(next<deletion_over>(d).deleted == 0);
}

TEST_CASE_FIXTURE(fixture, "many: a record stays if its session in memory does not match") {
  at_rest(s1, "cat");
  at_rest(s2, "dog");
  auto cats = all_of("a");
  cats.model = "cat";
  deletion d{cats};
  CHECK(next<ends_sessions>(d).sessions == keys{s1});
  gone(d, s1);
  const auto records = next<clears_records>(d).records;
  CHECK(records.spared == std::set{s2});
}

TEST_CASE_FIXTURE(fixture, "many: a session with a turn is not idle, and its record stays") {
  at_rest(s1);
  live.give_turn(s1, turn{});
  auto idle = all_of("a");
  idle.used_before = made + 1h;
  deletion d{idle};
  CHECK(next<clears_records>(d).records.spared == std::set{s1});
}

TEST_CASE_FIXTURE(fixture, "a failed store ends the deletion once its sessions are gone") {
  at_rest(s1);
  at_rest(s2);
  deletion d{all_of("a")};
  next<ends_sessions>(d);
  d.fail();
  CHECK_FALSE(gone(d, s1, removed_record::none));
  CHECK(gone(d, s2));
  CHECK_FALSE(live.has(s1));
  CHECK(next<deletion_over>(d).failed);
}
