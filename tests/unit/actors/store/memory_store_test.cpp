#include "actors/store/memory_store.hpp"

#include <doctest/doctest.h>

#include <ostream>

using namespace nekod;
using namespace std::chrono_literals;

namespace {

const auto epoch = std::chrono::system_clock::time_point{};

session_record record(const std::string& id, const std::string& tip, std::chrono::seconds used,
                      const std::string& tenant = {}) {
  session_record r;
  r.info.id = id;
  r.info.tenant = tenant;
  r.tip = tip;
  r.info.last_used = epoch + used;
  return r;
}

/// Keeps a record with all its messages.
keep_outcome keep(memory_store_state& s, const session_record& r) {
  return s.keep(r, {0, r.transcript});
}

/// The id that is found, or nothing.
std::string found(const memory_store_state& s, const std::string& tip,
                  const std::string& tenant = {}) {
  return s.find({tenant, {}, tip}).record.info.id;
}

} // namespace

TEST_CASE("a session is found by its tip, and the one used last among several") {
  memory_store_state s;
  keep(s, record("a", "tip", 1s));
  keep(s, record("b", "tip", 3s));
  keep(s, record("c", "tip", 2s));
  keep(s, record("d", "", 4s));
  CHECK(found(s, "tip") == "b");
  CHECK(found(s, "other").empty());
  CHECK(found(s, "").empty());
}

TEST_CASE("a conversation goes on from its stored messages, and from no others") {
  using openai::role;
  memory_store_state s;
  auto r = record("a", "one", 1s);
  CHECK(s.keep(r, {0, {{role::user, "one"}, {role::assistant, "first"}}}) == keep_outcome::kept);
  r.tip = "two";
  CHECK(s.keep(r, {1, {{role::assistant, "1st"}}}) == keep_outcome::kept);
  r.tip = "three";
  CHECK(s.keep(r, {3, {}}) == keep_outcome::refused);
  auto other = r;
  other.info.created_at += 1s;
  CHECK(s.keep(other, {1, {}}) == keep_outcome::refused);
  const auto kept = s.load({{}, "a"}).record;
  CHECK(kept.tip == "two");
  REQUIRE(kept.transcript.size() == 2);
  CHECK(kept.transcript[1].text == "1st");
  CHECK(s.keep(other, {0, {{role::user, "one"}}}) == keep_outcome::kept);
  CHECK(s.load({{}, "a"}).record.transcript.size() == 1);
}

TEST_CASE("a session is found by its newest tip alone") {
  memory_store_state s;
  keep(s, record("a", "one", 1s));
  keep(s, record("a", "two", 2s));
  CHECK(found(s, "one").empty());
  CHECK(found(s, "two") == "a");
}

namespace {

session_record answering(const std::string& id, const std::string& identity,
                         const std::string& tenant = {}) {
  auto r = record(id, {}, 1s, tenant);
  r.answer.emplace();
  r.answer->identity = identity;
  return r;
}

/// The id of the session that has the answer, or nothing.
std::string answered(const memory_store_state& s, const std::string& identity,
                     const std::string& tenant = {}) {
  return s.answered(tenant, identity).record.info.id;
}

} // namespace

TEST_CASE("an answer is found by its tenant's request, in the session that gave it last") {
  memory_store_state s;
  keep(s, answering("a", "one", "alice"));
  keep(s, answering("b", "one", "alice"));
  CHECK(answered(s, "one", "alice") == "b");
  CHECK(answered(s, "one", "bob").empty());
  keep(s, answering("a", "two", "alice"));
  CHECK(answered(s, "one", "alice") == "b");
  CHECK(answered(s, "two", "alice") == "a");
  keep(s, record("b", {}, 2s, "alice"));
  CHECK(answered(s, "one", "alice").empty());
}

TEST_CASE("an answer that is forgotten is found no more, its session is") {
  memory_store_state s;
  keep(s, answering("a", "one", "alice"));
  s.forget("bob", "one");
  CHECK(answered(s, "one", "alice") == "a");
  s.forget("alice", "one");
  s.forget("alice", "one");
  CHECK(answered(s, "one", "alice").empty());
  CHECK(s.load({"alice", "a"}).found);
  CHECK_FALSE(s.load({"alice", "a"}).record.answer);
}

TEST_CASE("a tenant finds its own sessions only") {
  memory_store_state s;
  keep(s, record("a", "tip", 2s, "alice"));
  keep(s, record("b", "tip", 1s, "bob"));
  CHECK(found(s, "tip", "bob") == "b");
  CHECK(found(s, "tip").empty());
}

TEST_CASE("a session's id is its tenant's, and an admin's own goes first") {
  memory_store_state s;
  keep(s, record("a", "one", 3s, "alice"));
  keep(s, record("a", "two", 4s, "bob"));
  CHECK(s.load({"alice", "a"}).record.tip == "one");
  session_view view;
  view.tenant = "carol";
  CHECK_FALSE(s.show("a", view).found);
  view.all = true;
  CHECK(s.show("a", view).info.tenant == "bob");
  view.tenant = "alice";
  CHECK(s.show("a", view).info.tenant == "alice");
  CHECK(s.remove({"alice", "a"}));
  CHECK(s.load({"bob", "a"}).found);
  CHECK(s.list(session_query{}).total == 0);
}

TEST_CASE("a tip is looked for in its scope") {
  memory_store_state s;
  auto scoped = record("a", "tip", 1s);
  scoped.scope = "scope";
  keep(s, scoped);
  CHECK(found(s, "tip").empty());
  CHECK(s.find({{}, "scope", "tip"}).found);
  CHECK_FALSE(s.find({{}, "other", "tip"}).found);
}

TEST_CASE("what is removed or expired is found no more") {
  memory_store_state s;
  keep(s, record("a", "tip", 1s));
  keep(s, record("b", "tip", 2s));
  keep(s, record("c", "tip", 9s, "alice"));
  CHECK_FALSE(s.remove({"bob", "c"}));
  CHECK(found(s, "tip", "alice") == "c");
  CHECK(s.remove({{}, "b"}));
  CHECK(found(s, "tip") == "a");
  session_expiry expiry;
  expiry.used = epoch + 5s;
  CHECK(s.sweep(expiry, 100) == 1);
  CHECK(found(s, "tip").empty());
  CHECK(found(s, "tip", "alice") == "c");
}

TEST_CASE("a page of records is by age, and says where the next one begins") {
  memory_store_state s;
  for (auto [id, made] : {std::pair{"c", 1s}, {"a", 2s}, {"b", 1s}, {"d", 3s}}) {
    auto r = record(id, "", 1s, id[0] == 'd' ? "alice" : "");
    r.info.created_at = epoch + made;
    keep(s, r);
  }
  session_query query;
  query.limit = 2;
  query.unrecorded = {{{}, "a"}, {{}, "x"}};
  auto first = s.list(query);
  REQUIRE(first.sessions.size() == 2);
  CHECK(first.sessions[0].id == "b");
  CHECK(first.sessions[1].id == "c");
  CHECK(first.total == 4);
  query.after = first.next;
  s.remove({{}, "c"});
  auto second = s.list(query);
  REQUIRE(second.sessions.size() == 1);
  CHECK(second.sessions[0].id == "a");
  CHECK_FALSE(second.next.has_value());
  query.view.all = true;
  CHECK(s.list(query).sessions.size() == 2);
  query.view = {};
  query.view.tenant = "nobody";
  CHECK(s.list(query).total == 1);
}

TEST_CASE("a newer record of a session takes the place of the older one in lists") {
  memory_store_state s;
  keep(s, record("a", "", 1s));
  auto newer = record("a", "", 5s);
  newer.info.created_at = epoch + 5s;
  keep(s, newer);
  session_query query;
  CHECK(s.list(query).total == 1);
  session_expiry expiry;
  expiry.used = epoch + 3s;
  CHECK(s.sweep(expiry, 10) == 0);
}

TEST_CASE("what is too old goes too, in steps, however often it was used") {
  memory_store_state s;
  for (auto i = 1; i <= 5; ++i) {
    auto r = record(std::string(1, static_cast<char>('a' + i)), "", 100s);
    r.info.created_at = epoch + std::chrono::seconds{i};
    keep(s, r);
  }
  session_expiry expiry;
  expiry.made = epoch + 4s;
  CHECK(s.sweep(expiry, 2) == 2);
  CHECK(s.sweep(expiry, 2) == 1);
  CHECK(s.sweep(expiry, 2) == 0);
  CHECK(s.records.size() == 2);
}
