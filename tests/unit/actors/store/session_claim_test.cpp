#include "actors/store/memory_store.hpp"
#include "actors/store/session_claim.hpp"
#include "tests/unit/support/database_records.hpp"
#include "tests/unit/support/store_calls.hpp"
#include "tests/unit/support/stored_records.hpp"

#include <doctest/doctest.h>

/// The promises of every store about taking, committing and releasing.
namespace {

using namespace nekod;
using namespace std::chrono_literals;
using test::database_records;
using test::file_records;
using test::keep;
using test::load;

const session_token one{"node", 1};
const session_token two{"node", 2};
const session_token three{"node", 3};
const auto epoch = std::chrono::system_clock::time_point{};

session_record record(const std::string& id, const std::string& tip = {},
                      std::chrono::seconds used = 1s) {
  session_record r;
  r.info.id = id;
  r.info.created_at = epoch;
  r.info.last_used = epoch + used;
  r.tip = conversation_tip::of(tip);
  return r;
}

session_wanted wanted(const session_token& token, const std::string& id) {
  session_wanted w;
  w.token = token;
  w.id = id;
  return w;
}

session_wanted wanted_tip(const session_token& token, const std::string& tip) {
  session_wanted w;
  w.token = token;
  w.tip = session_tip{{}, {}, tip};
  return w;
}

session_commit commit_of(const session_token& token, std::uint64_t version, session_record r) {
  session_commit c;
  c.token = token;
  c.version = version;
  c.record = std::move(r);
  return c;
}

} // namespace

TEST_CASE_TEMPLATE("a commit goes on from the version that is stored, and from no other", Records,
                   memory_records, file_records, database_records) {
  Records records;
  CHECK(records.take(wanted(one, "a")).version == 0);
  CHECK(records.commit(commit_of(one, 1, record("a"))) == commit_outcome::refused);
  CHECK(records.commit(commit_of(one, 0, record("a", "first"))) == commit_outcome::kept);
  CHECK(records.commit(commit_of(one, 0, record("a", "again"))) == commit_outcome::refused);
  CHECK(records.commit(commit_of(one, 1, record("a", "second"))) == commit_outcome::kept);
  CHECK(records.commit(commit_of(one, 3, record("a", "third"))) == commit_outcome::refused);
  const auto taken = records.take(wanted(one, "a"));
  CHECK(taken.by == found_by::id);
  CHECK(taken.version == 2);
  REQUIRE(taken.record);
  CHECK(taken.record->tip.digest() == "second");
}

TEST_CASE_TEMPLATE("a record is not read again where its version is known", Records, memory_records,
                   file_records, database_records) {
  Records records;
  keep(records, record("a"));
  auto w = wanted(one, "a");
  w.known_version = 1;
  CHECK_FALSE(records.take(w).record);
  CHECK(records.take(w).version == 1);
  w.known_version = 2;
  CHECK(records.take(w).record);
}

TEST_CASE_TEMPLATE("only the token that took a session last commits to it", Records, memory_records,
                   file_records, database_records) {
  Records records;
  keep(records, record("a"));
  CHECK(records.commit(commit_of(one, 1, record("a"))) == commit_outcome::refused);
  records.take(wanted(one, "a"));
  records.take(wanted(two, "a"));
  CHECK(records.commit(commit_of(one, 1, record("a"))) == commit_outcome::refused);
  records.release(one); // It does not hold the session.
  CHECK(records.commit(commit_of(two, 1, record("a"))) == commit_outcome::kept);
  records.release(two);
  CHECK(records.commit(commit_of(two, 2, record("a"))) == commit_outcome::refused);
}

TEST_CASE_TEMPLATE("a first commit needs no taking, and holds its session", Records, memory_records,
                   file_records, database_records) {
  Records records;
  CHECK(records.commit(commit_of(one, 0, record("a", "tip"))) == commit_outcome::kept);
  CHECK(records.take(wanted_tip(two, "tip")).by == found_by::nothing);
  CHECK(records.commit(commit_of(one, 1, record("a", "tip"))) == commit_outcome::kept);
}

TEST_CASE_TEMPLATE("of sessions that are looked for, those that are held are passed over", Records,
                   memory_records, file_records, database_records) {
  Records records;
  keep(records, record("older", "tip", 1s));
  keep(records, record("newer", "tip", 2s));
  CHECK(records.take(wanted_tip(one, "tip")).key.id == "newer");
  const auto next = records.take(wanted_tip(two, "tip"));
  CHECK(next.by == found_by::tip);
  CHECK(next.key.id == "older");
  CHECK(next.record.has_value());
  CHECK(records.take(wanted_tip(three, "tip")).by == found_by::nothing);
  records.release(one);
  CHECK(records.take(wanted_tip(three, "tip")).key.id == "newer");
}

TEST_CASE_TEMPLATE("an earlier answer goes before a conversation", Records, memory_records,
                   file_records, database_records) {
  Records records;
  auto answering = record("answering");
  answering.answer.emplace();
  answering.answer->identity = "request";
  keep(records, answering);
  keep(records, record("telling", "tip"));
  auto w = wanted_tip(one, "tip");
  w.identity = "request";
  w.answer = earlier_answer::wanted;
  const auto found = records.take(w);
  CHECK(found.by == found_by::answer);
  CHECK(found.key.id == "answering");
  w.token = two;
  CHECK(records.take(w).key.id == "telling"); // The other one is held.
}

TEST_CASE_TEMPLATE("an answer that is forgotten is found no more, its session is", Records,
                   memory_records, file_records, database_records) {
  Records records;
  auto answering = record("a", "tip");
  answering.answer.emplace();
  answering.answer->identity = "request";
  keep(records, answering);
  auto w = wanted_tip(one, "tip");
  w.identity = "request";
  w.answer = earlier_answer::forgotten;
  const auto taken = records.take(w);
  CHECK(taken.by == found_by::tip);
  REQUIRE(taken.record);
  CHECK_FALSE(taken.record->answer);
  records.release(one);
  CHECK_FALSE(test::answered(records, {}, "request").found);
}

TEST_CASE_TEMPLATE("a commit cannot bring a deleted session back", Records, memory_records,
                   file_records, database_records) {
  Records records;
  keep(records, record("a"));
  records.take(wanted(one, "a"));
  CHECK(records.remove({{}, "a"}));
  CHECK(records.commit(commit_of(one, 1, record("a"))) == commit_outcome::refused);
  CHECK_FALSE(load(records, {{}, "a"}).found);
}

TEST_CASE_TEMPLATE("a session that is held is not past its time", Records, memory_records,
                   file_records, database_records) {
  Records records;
  keep(records, record("held", {}, 1s));
  keep(records, record("free", {}, 2s));
  records.take(wanted(one, "held"));
  session_expiry expiry;
  expiry.used = expiry.made = epoch + 1h;
  CHECK(records.sweep(expiry, 1) == 1);
  CHECK(records.sweep(expiry, 1) == 0);
  CHECK(records.commit(commit_of(one, 1, record("held", {}, 1s))) == commit_outcome::kept);
  records.release(one);
  CHECK(records.sweep(expiry, 1) == 1);
  CHECK(records.counts().sessions == 0);
}
