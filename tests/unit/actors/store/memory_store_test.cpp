#include "actors/store/memory_store.hpp"
#include "tests/unit/support/actor_system.hpp"
#include "tests/unit/support/store_calls.hpp"
#include "tests/unit/support/stored_records.hpp"

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
  r.tip = conversation_tip::of(tip);
  r.info.last_used = epoch + used;
  return r;
}

/// The id of the session that is found, if any.
std::string found(memory_records& s, const std::string& tip, const std::string& tenant = {}) {
  return test::find(s, {tenant, {}, tip}).record.info.id;
}

} // namespace

TEST_CASE("a session is found by its tip, the most recently used one among several") {
  memory_records s;
  test::keep(s, record("a", "tip", 1s));
  test::keep(s, record("b", "tip", 3s));
  test::keep(s, record("c", "tip", 2s));
  test::keep(s, record("d", "", 4s));
  CHECK(found(s, "tip") == "b");
  CHECK(found(s, "other").empty());
  CHECK(found(s, "").empty());
}

TEST_CASE("a conversation continues from its stored messages, and from no others") {
  using chat::role;
  memory_records s;
  auto r = record("a", "one", 1s);
  CHECK(test::commit(s, r, {0, {{role::user, "one"}, {role::assistant, "first"}}}) ==
        commit_outcome::kept);
  r.tip = conversation_tip::of("two");
  CHECK(test::commit(s, r, {1, {{role::assistant, "1st"}}}) == commit_outcome::kept);
  r.tip = conversation_tip::of("three");
  CHECK(test::commit(s, r, {3, {}}) == commit_outcome::refused);
  const auto kept = test::load(s, {{}, "a"}).record;
  CHECK(kept.tip.digest() == "two");
  REQUIRE(kept.transcript.size() == 2);
  CHECK(kept.transcript[1].text == "1st");
}

TEST_CASE("a session is found by its newest tip only") {
  memory_records s;
  test::keep(s, record("a", "one", 1s));
  test::keep(s, record("a", "two", 2s));
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

/// The id of the session that has the answer, if any.
std::string answered(memory_records& s, const std::string& identity,
                     const std::string& tenant = {}) {
  return test::answered(s, tenant, identity).record.info.id;
}

} // namespace

TEST_CASE("an answer is found by its tenant's request, in the session that gave it last") {
  memory_records s;
  test::keep(s, answering("a", "one", "alice"));
  test::keep(s, answering("b", "one", "alice"));
  CHECK(answered(s, "one", "alice") == "b");
  CHECK(answered(s, "one", "bob").empty());
  test::keep(s, answering("a", "two", "alice"));
  CHECK(answered(s, "one", "alice") == "b");
  CHECK(answered(s, "two", "alice") == "a");
  test::keep(s, record("b", {}, 2s, "alice"));
  CHECK(answered(s, "one", "alice").empty());
}

TEST_CASE("a forgotten answer is not found any more, but its session is") {
  memory_records s;
  test::keep(s, answering("a", "one", "alice"));
  test::answered(s, "bob", "one", earlier_answer::forgotten);
  CHECK(answered(s, "one", "alice") == "a");
  test::answered(s, "alice", "one", earlier_answer::forgotten);
  test::answered(s, "alice", "one", earlier_answer::forgotten);
  CHECK(answered(s, "one", "alice").empty());
  CHECK(test::load(s, {"alice", "a"}).found);
  CHECK_FALSE(test::load(s, {"alice", "a"}).record.answer);
}

TEST_CASE("a tenant finds its own sessions only") {
  memory_records s;
  test::keep(s, record("a", "tip", 2s, "alice"));
  test::keep(s, record("b", "tip", 1s, "bob"));
  CHECK(found(s, "tip", "bob") == "b");
  CHECK(found(s, "tip").empty());
}

TEST_CASE("a session's id belongs to its tenant, and an admin's own session is preferred") {
  memory_records s;
  test::keep(s, record("a", "one", 3s, "alice"));
  test::keep(s, record("a", "two", 4s, "bob"));
  CHECK(test::load(s, {"alice", "a"}).record.tip.digest() == "one");
  session_view view;
  view.tenant = "carol";
  CHECK_FALSE(s.show("a", view).found);
  view.all = true;
  CHECK(s.show("a", view).info.tenant == "bob");
  view.tenant = "alice";
  CHECK(s.show("a", view).info.tenant == "alice");
  CHECK(s.remove({"alice", "a"}));
  CHECK(test::load(s, {"bob", "a"}).found);
  CHECK(s.list(session_query{}).total == 0);
}

TEST_CASE("a tip is looked for in its scope") {
  memory_records s;
  auto scoped = record("a", "tip", 1s);
  scoped.scope = "scope";
  test::keep(s, scoped);
  CHECK(found(s, "tip").empty());
  CHECK(test::find(s, {{}, "scope", "tip"}).found);
  CHECK_FALSE(test::find(s, {{}, "other", "tip"}).found);
}

TEST_CASE("removed and expired sessions are not found any more") {
  memory_records s;
  test::keep(s, record("a", "tip", 1s));
  test::keep(s, record("b", "tip", 2s));
  test::keep(s, record("c", "tip", 9s, "alice"));
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

TEST_CASE("a page of records is ordered by age, and says where the next one begins") {
  memory_records s;
  for (auto [id, made] : {std::pair{"c", 1s}, {"a", 2s}, {"b", 1s}, {"d", 3s}}) {
    auto r = record(id, "", 1s, id[0] == 'd' ? "alice" : "");
    r.info.created_at = epoch + made;
    test::keep(s, r);
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

TEST_CASE("a newer record of a session replaces the older one in lists") {
  memory_records s;
  test::keep(s, record("a", "", 1s));
  auto newer = record("a", "", 5s);
  newer.info.created_at = epoch + 5s;
  test::keep(s, newer);
  session_query query;
  CHECK(s.list(query).total == 1);
  session_expiry expiry;
  expiry.used = epoch + 3s;
  CHECK(s.sweep(expiry, 10) == 0);
}

TEST_CASE("sessions beyond their age expire in steps, however often they were used") {
  memory_records s;
  for (auto i = 1; i <= 5; ++i) {
    auto r = record(std::string(1, static_cast<char>('a' + i)), "", 100s);
    r.info.created_at = epoch + std::chrono::seconds{i};
    test::keep(s, r);
  }
  session_expiry expiry;
  expiry.made = epoch + 4s;
  CHECK(s.sweep(expiry, 2) == 2);
  CHECK(s.sweep(expiry, 2) == 1);
  CHECK(s.sweep(expiry, 2) == 0);
  CHECK(s.counts().sessions == 2);
}

TEST_CASE("the actor answers about responses, and deletes those that expired") {
  test::actor_system_fixture actors;
  auto counts = std::make_shared<metrics>();
  auto store = actors.system().spawn(memory_store, session_lifetime{1h}, counts);
  // What each request is answered with, as a text.
  std::vector<std::string> answers;
  const auto ask = [&](auto type, auto read, auto... question) {
    using answer = decltype(type);
    const auto asking = [=, &answers](caf::event_based_actor* self, const store_actor& to) {
      self->request(to, 10s, question...).then([=, &answers](const answer& a) {
        answers.push_back(read(a));
      });
    };
    actors.system().spawn(asking, store);
    actors.run();
  };
  const auto yes_or_no = [](bool b) { return std::string{b ? "yes" : "no"}; };
  const auto done = [](atom::commit) { return std::string{"done"}; };
  ask(atom::commit{}, done, atom::commit_v, test::response("a"));
  auto over = test::response("b", "a");
  over.expires_at = std::chrono::system_clock::now() - 1s;
  ask(atom::commit{}, done, atom::commit_v, over);
  CHECK(counts->stored_responses.Value() == 2);
  const auto is_there = [=](const response_finding& f) { return yes_or_no(f.record.has_value()); };
  ask(response_finding{}, is_there, atom::show_v, response_key{{}, "a"});
  ask(response_finding{}, is_there, atom::show_v, response_key{{}, "b"});
  const auto ids = [](const auto& f) { return test::ids_of(f.items); };
  ask(response_chain{}, ids, atom::show_v, chain_query{{{}, "a"}});
  item_query wanted;
  wanted.ids = {"in-b", "out-a"};
  ask(item_finding{}, ids, atom::show_v, wanted);
  const auto is_found = [=](const conversation_finding& f) { return yes_or_no(f.found); };
  ask(conversation_finding{}, is_found, atom::show_v, conversation_query{{}, "c"});
  actors.pass(60s);
  CHECK(counts->stored_responses.Value() == 1);
  ask(true, yes_or_no, atom::remove_v, response_key{{}, "a"});
  ask(true, yes_or_no, atom::remove_v, response_key{{}, "a"});
  CHECK(counts->stored_responses.Value() == 0);
  CHECK(answers == std::vector<std::string>{"done", "done", "yes", "no", " in-a out-a", " out-a",
                                            "no", "yes", "no"});
  caf::anon_send_exit(store, caf::exit_reason::user_shutdown);
}
