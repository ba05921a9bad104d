#include "actors/store/clearing.hpp"
#include "actors/store/memory_store.hpp"
#include "actors/store/response_lookup.hpp"
#include "tests/unit/support/database_records.hpp"
#include "tests/unit/support/store_calls.hpp"
#include "tests/unit/support/stored_records.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>

/// The promises of every store about responses and conversations.
namespace {

using namespace nekod;
using namespace std::chrono_literals;
using test::database_records;
using test::file_records;
using test::ids_of;
using test::item;
using test::response;

using time_point = std::chrono::system_clock::time_point;

const time_point now{1'000'000s};

response_record expiring(response_record r, time_point t) {
  r.expires_at = t;
  return r;
}

template <class Records>
bool sees(const Records& records, const std::string& id, time_point t = now) {
  return records.responses().show(response_key{{}, id}, t).record.has_value();
}

/// The ids of a chain's items; "none" if it is not found.
template <class Records>
std::string chain(const Records& records, const std::string& id, time_point t = now) {
  const auto found = records.responses().show(chain_query{{{}, id}}, t);
  return found.found ? ids_of(found.items) : "none";
}

template <class Records>
std::string items(const Records& records, std::vector<std::string> ids, time_point t = now,
                  const std::string& tenant = {}) {
  item_query q;
  q.tenant = tenant;
  q.ids = std::move(ids);
  return ids_of(records.responses().show(q, t).items);
}

session_expiry expiry_at(time_point t) {
  session_expiry e;
  e.now = t;
  return e;
}

session_record session(const std::string& id, const std::string& conversation = {},
                       const std::string& tenant = {}) {
  session_record r;
  r.info.id = id;
  r.info.tenant = tenant;
  r.info.conversation = conversation;
  r.info.created_at = r.info.last_used = now;
  return r;
}

} // namespace

TEST_CASE_TEMPLATE("a response that was deleted is not written by what was under way", Records,
                   memory_records, file_records) {
  Records records;
  const auto deleted = std::make_shared<std::atomic<bool>>(false);
  auto r = response("r");
  r.deleted = deleted;
  records.commit(r);
  CHECK(sees(records, "r"));
  *deleted = true;
  CHECK(records.remove(response_key{{}, "r"}, now));
  records.commit(r);
  CHECK_FALSE(sees(records, "r"));
  session_commit turn;
  turn.token = {"test", 1};
  turn.record = session("s");
  turn.response = r;
  CHECK(records.commit(turn) == commit_outcome::kept);
  CHECK_FALSE(sees(records, "r"));
}

TEST_CASE_TEMPLATE("a response is shown as it was written last", Records, memory_records,
                   file_records, database_records) {
  Records records;
  auto r = response("r", "before", "s", "alice");
  r.state = response_state::running;
  r.created_at = now + 7us;
  r.output.clear();
  records.commit(r);
  CHECK(records.responses().show(response_key{"alice", "r"}, now).record == r);
  CHECK_FALSE(records.responses().show(response_key{"bob", "r"}, now).record);
  r = response("r", {}, "other", "alice");
  r.input = {item("b"), item("a")};
  r.output = {item("d"), item("c"), {"e", R"({"id":"e","text":"你好 \"\u0000\" 'x'"})"}};
  r.expires_at = now + 1us;
  r.created_at = now - 1h;
  records.commit(r);
  CHECK(records.responses().show(response_key{"alice", "r"}, now).record == r);
  CHECK(records.counts().responses == 1);
  // Of two ends the first stays.
  auto other = r;
  other.state = response_state::closed;
  other.object = "{}";
  records.commit(other);
  CHECK(records.responses().show(response_key{"alice", "r"}, now).record == r);
}

TEST_CASE_TEMPLATE("a response can be seen until it expires or is removed", Records, memory_records,
                   file_records, database_records) {
  Records records;
  records.commit(expiring(response("r"), now + 1us));
  CHECK(sees(records, "r"));
  CHECK_FALSE(sees(records, "r", now + 1us));
  CHECK(chain(records, "r", now + 1us) == "none");
  CHECK_FALSE(records.remove(response_key{{}, "r"}, now + 1us));
  CHECK_FALSE(sees(records, "r"));
  records.commit(response("r"));
  CHECK_FALSE(records.remove(response_key{"alice", "r"}, now));
  CHECK_FALSE(records.remove(response_key{{}, "x"}, now));
  CHECK(records.remove(response_key{{}, "r"}, now));
  CHECK_FALSE(records.remove(response_key{{}, "r"}, now));
  CHECK_FALSE(sees(records, "r"));
  CHECK(records.counts().responses == 0);
}

TEST_CASE_TEMPLATE("a chain has the items of all responses before, seen or not", Records,
                   memory_records, file_records, database_records) {
  Records records;
  records.commit(expiring(response("a"), now + 1s));
  records.commit(response("b", "a"));
  records.commit(response("b2", "a"));
  auto last = response("c", "b", "its session");
  last.state = response_state::running;
  last.output.clear();
  records.commit(last);
  CHECK(records.responses().show(chain_query{{{}, "c"}}, now).output == 0);
  last.output = response("c").output;
  records.commit(last);
  CHECK(records.responses().show(chain_query{{{}, "c"}}, now).output == 1);
  CHECK(chain(records, "c") == " in-a out-a in-b out-b in-c out-c");
  CHECK(chain(records, "b2") == " in-a out-a in-b2 out-b2");
  CHECK(records.remove(response_key{{}, "b"}, now));
  CHECK(chain(records, "b") == "none");
  CHECK(chain(records, "c", now + 1h) == " in-a out-a in-b out-b in-c out-c");
  const auto found = records.responses().show(chain_query{{{}, "c"}}, now);
  CHECK(found.state == response_state::running);
  CHECK(found.session == "its session");
  CHECK(records.counts().responses == 4);
}

TEST_CASE_TEMPLATE("a chain begins with a response whose parent was not there before it", Records,
                   memory_records, file_records, database_records) {
  Records records;
  records.commit(response("a", "none"));
  records.commit(response("b", "b"));
  records.commit(response("c", "a", "s", "alice"));
  CHECK(chain(records, "a") == " in-a out-a");
  CHECK(chain(records, "b") == " in-b out-b");
  CHECK(records.responses().show(chain_query{{"alice", "c"}}, now).items.size() == 2);
  // Two that follow each other: the one that was there first begins.
  records.commit(response("b", "a"));
  records.commit(response("a", "b"));
  CHECK(chain(records, "a") == " in-a out-a");
  CHECK(chain(records, "b") == " in-a out-a in-b out-b");
}

TEST_CASE_TEMPLATE("a response that is written again may follow another one", Records,
                   memory_records, file_records, database_records) {
  Records records;
  records.commit(response("a"));
  records.commit(response("b"));
  records.commit(response("c", "a"));
  records.commit(response("c", "b"));
  CHECK(chain(records, "c") == " in-b out-b in-c out-c");
  CHECK(records.remove(response_key{{}, "a"}, now));
  CHECK(records.counts().responses == 2);
  records.remove(response_key{{}, "b"}, now);
  CHECK(records.counts().responses == 2);
  records.commit(response("c"));
  CHECK(records.sweep(expiry_at(now), 10) == 1);
  CHECK(records.counts().responses == 1);
}

TEST_CASE_TEMPLATE("a removed response that is written again can be seen again", Records,
                   memory_records, file_records, database_records) {
  Records records;
  records.commit(response("a"));
  records.commit(response("b", "a"));
  records.remove(response_key{{}, "a"}, now);
  auto again = response("a");
  again.output = {item("new")};
  records.commit(again);
  CHECK(sees(records, "a"));
  CHECK(chain(records, "b") == " in-a new in-b out-b");
  CHECK(items(records, {"out-a", "new"}) == " new");
}

TEST_CASE_TEMPLATE("items are found by their ids in responses that can be seen", Records,
                   memory_records, file_records, database_records) {
  Records records;
  auto a = expiring(response("a"), now + 1s);
  a.input.push_back(item("shared"));
  auto b = response("b", "a");
  b.output.push_back(item("shared"));
  records.commit(a);
  records.commit(b);
  records.commit(response("c", {}, "s", "alice"));
  CHECK(items(records, {"out-a", "x", "in-b", "in-c", "shared"}) == " out-a in-b shared");
  CHECK(items(records, {"out-a", "in-b", "shared"}, now + 1s) == " in-b shared");
  CHECK(items(records, {"in-c", "in-a"}, now, "alice") == " in-c");
  CHECK(items(records, {}).empty());
  records.remove(response_key{{}, "b"}, now);
  CHECK(items(records, {"out-a", "in-b", "shared"}) == " out-a shared");
  CHECK(items(records, {"out-a", "in-b", "shared"}, now + 1s).empty());
}

TEST_CASE_TEMPLATE("a chain that expired goes from its end, in steps", Records, memory_records,
                   file_records, database_records) {
  Records records;
  constexpr std::size_t length = 1000;
  const auto name = [](std::size_t i) { return std::to_string(i); };
  for (std::size_t i = 0; i < length; ++i)
    records.commit(expiring(response(name(i), i == 0 ? "" : name(i - 1)), now + 1s * i));
  const auto end = now + 1s * length;
  records.commit(expiring(response("last", name(length - 1)), end));
  CHECK(records.sweep(expiry_at(end - 1us), store_step) == 0);
  CHECK(records.counts().responses == length + 1);
  CHECK(records.sweep(expiry_at(end), store_step) == store_step);
  CHECK_FALSE(sees(records, name(length - store_step + 1)));
  CHECK(sees(records, name(length - store_step)));
  for (auto left = length + 1 - store_step; left > 0;) {
    const auto step = std::min(left, store_step);
    CHECK(records.sweep(expiry_at(end), store_step) == step);
    left -= step;
    CHECK(records.counts().responses == left);
  }
  CHECK(records.sweep(expiry_at(end), store_step) == 0);
}

TEST_CASE_TEMPLATE("a removed response goes with the last one that follows it", Records,
                   memory_records, file_records, database_records) {
  Records records;
  records.commit(response("a"));
  records.commit(response("b", "a"));
  records.commit(expiring(response("c", "a"), now + 1s));
  records.commit(expiring(response("d", "b"), now + 2s));
  records.remove(response_key{{}, "b"}, now);
  records.remove(response_key{{}, "a"}, now);
  CHECK(records.counts().responses == 4);
  CHECK(records.sweep(expiry_at(now + 1s), 10) == 1);
  CHECK(records.counts().responses == 3);
  CHECK(records.sweep(expiry_at(now + 2s), 10) == 3);
  CHECK(records.counts().responses == 0);
}

TEST_CASE_TEMPLATE("sessions that expired go before responses, within the same steps", Records,
                   memory_records, file_records, database_records) {
  Records records;
  for (auto i = 0; i < 3; ++i) {
    test::keep(records, session(std::to_string(i)));
    records.commit(expiring(response(std::to_string(i), {}, "0"), now));
  }
  auto expiry = expiry_at(now);
  expiry.used = now + 1s;
  CHECK(records.sweep(expiry, 2) == 2);
  CHECK(records.counts().sessions == 1);
  CHECK(records.sweep(expiry, 2) == 2);
  CHECK(records.counts().sessions == 0);
  CHECK(records.counts().responses == 2);
  CHECK(records.sweep(expiry, 3) == 2);
  CHECK(records.counts().responses == 0);
}

TEST_CASE_TEMPLATE("a deleted session takes its responses along, an expired one does not", Records,
                   memory_records, file_records, database_records) {
  Records records;
  test::keep(records, session("s"));
  test::keep(records, session("expiring"));
  records.commit(response("a", {}, "s"));
  records.commit(response("b", "a", "s"));
  records.commit(response("c", "b", "other"));
  records.commit(response("d", "b", "s"));
  records.commit(response("e", {}, "expiring"));
  records.commit(response("f", {}, "without a record"));
  records.commit(response("a", {}, "s", "alice"));
  CHECK(records.remove(session_key{{}, "s"}));
  for (const auto* id : {"a", "b", "d"})
    CHECK_FALSE(sees(records, id));
  CHECK(chain(records, "c") == " in-a out-a in-b out-b in-c out-c");
  CHECK(records.responses().show(response_key{"alice", "a"}, now).record);
  CHECK(records.counts().responses == 6);
  CHECK_FALSE(records.remove(session_key{{}, "without a record"}));
  CHECK_FALSE(sees(records, "f"));
  auto expiry = expiry_at(now);
  expiry.used = now + 1s;
  CHECK(records.sweep(expiry, 10) == 1);
  CHECK(records.counts().sessions == 0);
  CHECK(sees(records, "e"));
}

TEST_CASE_TEMPLATE("closed responses can be seen, not followed, and stay without their session",
                   Records, memory_records, file_records, database_records) {
  Records records;
  test::keep(records, session("s"));
  records.commit(response("a", {}, "s"));
  auto running = response("b", "a", "s");
  running.state = response_state::running;
  records.commit(running);
  records.commit(response("c", {}, "other"));
  records.commit(response("a", {}, "s", "alice"));
  records.close({{}, "s"});
  records.close({{}, "none"});
  CHECK(records.remove(session_key{{}, "s"}));
  CHECK(chain(records, "b") == " in-a out-a in-b out-b");
  const auto state_of = [&](const response_key& key) {
    return records.responses().show(chain_query{key}, now).state;
  };
  CHECK(state_of({{}, "a"}) == response_state::closed);
  CHECK(state_of({{}, "b"}) == response_state::closed);
  CHECK(state_of({{}, "c"}) == response_state::chainable);
  CHECK(state_of({"alice", "a"}) == response_state::chainable);
  CHECK(records.remove(response_key{{}, "a"}, now));
  CHECK(records.remove(response_key{{}, "b"}, now));
  CHECK(records.counts().responses == 2);
}

TEST_CASE_TEMPLATE("a response that ends after its conversation was deleted stays without it",
                   Records, memory_records, file_records, database_records) {
  Records records;
  test::keep(records, session("s"));
  auto running = response("a", {}, "s");
  running.state = response_state::running;
  records.commit(running);
  records.close({{}, "s"});
  auto ended = response("a", {}, "s");
  ended.state = response_state::closed;
  ended.object = "failed";
  records.commit(ended);
  CHECK(records.remove(session_key{{}, "s"}));
  const auto found = records.responses().show(response_key{{}, "a"}, now);
  REQUIRE(found.record);
  CHECK(found.record->object == "failed");
  CHECK(found.record->session.empty());
}

TEST_CASE_TEMPLATE("a commit writes its response, a refused one does not", Records, memory_records,
                   file_records, database_records) {
  Records records;
  session_commit c;
  c.token = test::some_token;
  c.record = session("s");
  c.response = response("a");
  CHECK(records.commit(c) == commit_outcome::kept);
  CHECK(sees(records, "a"));
  c.response = response("b");
  CHECK(records.commit(c) == commit_outcome::refused);
  c.version = 1;
  c.messages.kept = 1;
  CHECK(records.commit(c) == commit_outcome::refused);
  CHECK_FALSE(sees(records, "b"));
  CHECK(records.counts().responses == 1);
}

TEST_CASE_TEMPLATE("a conversation is found by its tenant and id, as it was committed last",
                   Records, memory_records, file_records, database_records) {
  Records records;
  auto r = session("a", "c1", "alice");
  r.metadata = R"({"topic":"猫"})";
  r.info.newest_response = "r1";
  r.info.kept_until = now + 3us;
  r.transcript = {{chat::role::user, "one"}, {chat::role::assistant, "first"}};
  r.transcript[1].items = R"([{"id":"msg_1"}])";
  test::keep(records, r);
  test::keep(records, session("b", "c2", "alice"));
  test::keep(records, session("a", {}, "bob"));
  const auto found = records.show(conversation_query{"alice", "c1"});
  REQUIRE(found.found);
  CHECK(found.info.id == "a");
  CHECK(found.info.tenant == "alice");
  CHECK(found.info.conversation == "c1");
  CHECK(found.info.newest_response == "r1");
  CHECK(found.info.kept_until == now + 3us);
  CHECK(found.metadata == r.metadata);
  REQUIRE(found.messages.size() == 2);
  CHECK(found.messages[0].items.empty());
  CHECK(found.messages[1].text == "first");
  CHECK(found.messages[1].items == R"([{"id":"msg_1"}])");
  CHECK(test::load(records, {"alice", "a"}).record.metadata == r.metadata);
  CHECK(test::load(records, {"alice", "a"}).record.transcript[1].items == r.transcript[1].items);
  CHECK_FALSE(records.show(conversation_query{"bob", "c1"}).found);
  CHECK_FALSE(records.show(conversation_query{"bob", ""}).found);
  r.metadata = "{}";
  r.info.newest_response.clear();
  r.info.kept_until = time_point::min();
  r.info.conversation = "c3";
  test::commit(records, r, {1, {}});
  CHECK_FALSE(records.show(conversation_query{"alice", "c1"}).found);
  const auto later = records.show(conversation_query{"alice", "c3"});
  CHECK(later.messages.size() == 1);
  CHECK(later.metadata == "{}");
  CHECK(later.info.newest_response.empty());
  CHECK(later.info.kept_until == time_point::min());
  session_view view;
  view.tenant = "alice";
  CHECK(records.show("a", view).info.conversation == "c3");
  records.remove(session_key{"alice", "a"});
  CHECK_FALSE(records.show(conversation_query{"alice", "c3"}).found);
  CHECK(records.show(conversation_query{"alice", "c2"}).found);
}

TEST_CASE_TEMPLATE("a session that is kept expires by age, and by use once it is kept no more",
                   Records, memory_records, file_records, database_records) {
  Records records;
  auto kept = session("kept");
  kept.info.kept_until = now + 2h;
  auto forever = session("forever");
  forever.info.kept_until = time_point::max();
  auto used = session("used");
  used.info.kept_until = now + 1h;
  used.info.last_used = now + 3h;
  for (const auto& r : {kept, forever, used, session("not kept")})
    test::keep(records, r);
  CHECK(test::load(records, {{}, "forever"}).record.info.kept_until == time_point::max());
  const session_lifetime lifetime{1h};
  CHECK(records.sweep(lifetime.expiry(now + 90min), 10) == 1);
  CHECK_FALSE(test::load(records, {{}, "not kept"}).found);
  CHECK(records.sweep(lifetime.expiry(now + 2h - 1us), 10) == 0);
  CHECK(records.sweep(lifetime.expiry(now + 2h), 10) == 1);
  CHECK_FALSE(test::load(records, {{}, "kept"}).found);
  CHECK(records.sweep(lifetime.expiry(now + 4h + 1us), 10) == 1);
  CHECK_FALSE(test::load(records, {{}, "used"}).found);
  CHECK(records.sweep(session_lifetime{1h, 5h}.expiry(now + 5h + 1us), 10) == 1);
  CHECK(records.counts().sessions == 0);
}
