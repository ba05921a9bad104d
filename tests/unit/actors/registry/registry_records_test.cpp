#include "actors/registry/registry.hpp"
#include "actors/store/memory_store.hpp"
#include "tests/unit/support/actor_system.hpp"
#include "tests/unit/support/fake_upstream.hpp"
#include "tests/unit/support/recording_reply.hpp"
#include "tests/unit/support/usual_options.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <optional>
#include <ostream>

namespace {

using namespace nekod;
using namespace std::chrono_literals;
using strings = std::vector<std::string>;

/// The requests to a slow store, one entry each, and functions that answer the oldest ones.
struct slow_log {
  strings asked;
  std::deque<std::function<void()>> answers;
};

/// A STORE in front of another one, which answers when told to.
using slow_store_actor = store_actor::extend<
    // Passes the oldest request on.
    caf::reacts_to<atom::sweep>>;

slow_store_actor::behavior_type slow_store(slow_store_actor::pointer self, store_actor behind,
                                           std::shared_ptr<slow_log> log) {
  auto hold = [self, behind, log](auto promise, const std::string& what, auto... question) {
    log->asked.push_back(what);
    log->answers.push_back([=]() mutable { promise.delegate(behind, question...); });
    return promise;
  };
  return {
      // A session that takes its own record by id does not wait.
      [=](atom::take, const session_wanted& wanted) -> caf::result<session_taken> {
        if (!wanted.id.empty())
          return self->delegate(behind, atom::take_v, wanted);
        return hold(self->make_response_promise<session_taken>(), "take", atom::take_v, wanted);
      },
      [=](atom::commit, const session_commit& c) {
        return hold(self->make_response_promise<atom::commit>(), "commit " + c.record.info.id,
                    atom::commit_v, c);
      },
      [=](atom::release, const session_token& token) {
        self->send(behind, atom::release_v, token);
      },
      [=](atom::show, const std::string& id, const session_view& view) {
        return self->delegate(behind, atom::show_v, id, view);
      },
      [=](atom::list, const session_query& query) {
        return hold(self->make_response_promise<session_page>(), "list", atom::list_v, query);
      },
      [=](atom::remove, const session_key& key) {
        return hold(self->make_response_promise<bool>(), "remove " + key.id, atom::remove_v, key);
      },
      [=](atom::clear, const session_filter& filter) {
        return hold(self->make_response_promise<std::uint64_t>(), "clear", atom::clear_v, filter);
      },
      [=](atom::commit, const response_record& r) {
        return hold(self->make_response_promise<atom::commit>(), "commit response " + r.id,
                    atom::commit_v, r);
      },
      [=](atom::show, const response_key& key) {
        return self->delegate(behind, atom::show_v, key);
      },
      [=](atom::show, const chain_query& query) {
        return self->delegate(behind, atom::show_v, query);
      },
      [=](atom::show, const item_query& query) {
        return self->delegate(behind, atom::show_v, query);
      },
      [=](atom::show, const conversation_query& query) {
        return self->delegate(behind, atom::show_v, query);
      },
      [=](atom::close, const session_key& key) {
        return hold(self->make_response_promise<atom::close>(), "close " + key.id, atom::close_v,
                    key);
      },
      [=](atom::remove, const response_key& key) {
        return hold(self->make_response_promise<bool>(), "remove response " + key.id,
                    atom::remove_v, key);
      },
      [log](atom::sweep) {
        auto f = std::move(log->answers.front());
        log->answers.pop_front();
        f();
      },
  };
}

struct fixture : test::actor_system_fixture {
  fixture() {
    memory = system().spawn(memory_store, session_lifetime{1h}, options.sessions.counts);
    options.upstreams = {{upstream}};
    slow = system().spawn(slow_store, memory, store);
    options.sessions.store = slow;
    options.sessions.digest = std::make_shared<conversation_digest>("key");
    options.sessions.idle_time = 3s;
    handle = system().spawn(registry, options);
    run();
    auto f = std::move(upstream->model_queries.back());
    upstream->model_queries.clear();
    f(test::listed({"Orange Cat", "Exotic Shorthair"}));
    run();
  }

  ~fixture() {
    caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
    run();
    store->answers.clear();
    caf::anon_send_exit(options.sessions.store, caf::exit_reason::kill);
    caf::anon_send_exit(memory, caf::exit_reason::kill);
    run();
  }

  fixture(const fixture&) = delete;
  fixture& operator=(const fixture&) = delete;

  std::shared_ptr<test::reply_record> ask_in(const std::string& id, const std::string& tenant = {},
                                             const std::string& model = {}) {
    auto record = std::make_shared<test::reply_record>();
    open_turn t;
    auto request = test::request_saying("hello");
    request->session_id = id;
    request->model = model;
    t.request = std::move(request);
    t.tenant = tenant;
    caf::anon_send(handle, atom::open_v, t, test::spawn_recording_reply(system(), record));
    run();
    return record;
  }

  std::shared_ptr<test::reply_record> ask_keyed(const std::string& key) {
    auto record = std::make_shared<test::reply_record>();
    open_turn t;
    auto request = test::request_saying("hello");
    request->retries.key = key;
    t.request = std::move(request);
    caf::anon_send(handle, atom::open_v, t, test::spawn_recording_reply(system(), record));
    run();
    return record;
  }

  /// Ends the answer of the newest conversation, with its record in the store.
  void end_turn() {
    upstream->lines.back()->end_answer();
    settle_store();
    upstream->lines.back()->end_settling();
    run();
  }

  /// A session with an answered turn.
  void answered(const std::string& id, const std::string& tenant = {},
                const std::string& model = {}) {
    ask_in(id, tenant, model);
    end_turn();
  }

  /// Lets the store answer the oldest request.
  void answer() {
    REQUIRE_FALSE(store->answers.empty());
    caf::anon_send(slow, atom::sweep_v);
    run();
  }

  /// Lets the store answer until there are no more requests.
  void settle_store() {
    run();
    while (!store->answers.empty())
      answer();
  }

  template <class Reply, class... Question>
  std::shared_ptr<std::optional<Reply>> begin(Question... question) {
    auto result = std::make_shared<std::optional<Reply>>();
    system().spawn(
        [result, question...](caf::event_based_actor* self, const registry_actor& h) {
          self->request(h, caf::infinite, question...)
              .then([result](Reply& r) { *result = std::move(r); }, [](const caf::error&) {});
        },
        handle);
    run();
    return result;
  }

  template <class Reply, class... Question>
  Reply get(Question... question) {
    auto result = begin<Reply>(question...);
    settle_store();
    REQUIRE(result->has_value());
    return **result;
  }

  auto remove(const std::string& id, const session_view& view = {}) {
    return begin<bool>(atom::remove_v, id, view);
  }

  session_page list(const session_query& query = {}) {
    return get<session_page>(atom::list_v, query);
  }

  strings ids() {
    strings result;
    for (const auto& s : list().sessions)
      result.push_back(s.id);
    return result;
  }

  session_finding show(const std::string& id, const session_view& view = {}) {
    return get<session_finding>(atom::show_v, id, view);
  }

  std::uint64_t clear(const session_filter& filter) {
    return get<std::uint64_t>(atom::clear_v, filter);
  }

  static session_filter all() {
    session_filter result;
    result.created_until = recorded_now();
    return result;
  }

  static session_view admin() {
    session_view result;
    result.all = true;
    return result;
  }

  static session_view of(const std::string& tenant) {
    session_view result;
    result.tenant = tenant;
    return result;
  }

  std::shared_ptr<test::fake_upstream> upstream = std::make_shared<test::fake_upstream>();
  std::shared_ptr<slow_log> store = std::make_shared<slow_log>();
  slow_store_actor slow;
  registry_options options = test::usual_registry_options();
  store_actor memory;
  registry_actor handle;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "the deletion of a session is answered when its record is gone") {
  answered("s1");
  auto removed = remove("s1");
  CHECK(upstream->lines.empty());
  CHECK(store->asked.back() == "remove s1");
  CHECK_FALSE(removed->has_value());
  answer();
  CHECK(*removed == true);
  CHECK(*remove("s1") == std::nullopt);
  answer();
}

TEST_CASE_FIXTURE(
    fixture, "the record of a deleted session is removed after everything that the session wrote") {
  ask_in("s1");
  upstream->lines.back()->end_answer();
  run();
  auto removed = remove("s1");
  CHECK(store->asked == strings{"commit s1", "remove s1"});
  settle_store();
  CHECK(*removed == true);
  CHECK_FALSE(show("s1").found);
}

TEST_CASE_FIXTURE(fixture, "a session that is being deleted is neither found nor begun again") {
  answered("s1");
  answered("s2");
  auto removed = remove("s1");
  CHECK(ask_in("s1")->error.code == chat::failure_code::session_deleted);
  auto found = begin<session_finding>(atom::show_v, std::string{"s1"}, session_view{});
  CHECK_FALSE((*found)->found);
  auto listed = begin<session_page>(atom::list_v, session_query{});
  settle_store();
  CHECK((*listed)->sessions.size() == 1);
  CHECK(*removed == true);
  CHECK(ask_in("s1")->log == strings{"begin"});
}

TEST_CASE_FIXTURE(fixture, "a session whose record is being read is deleted with it") {
  answered("s1");
  pass(3s);
  pass(3s);
  REQUIRE(upstream->lines.empty());
  auto turn = std::make_shared<test::reply_record>();
  open_turn t;
  auto request = test::request_saying("hello");
  request->session_id = "s1";
  t.request = request;
  caf::anon_send(handle, atom::open_v, t, test::spawn_recording_reply(system(), turn));
  auto removed = remove("s1");
  settle_store();
  CHECK(*removed == true);
  CHECK(turn->error.code == chat::failure_code::session_deleted);
  CHECK(ids().empty());
}

TEST_CASE_FIXTURE(fixture, "a list has each session once, with its state in memory") {
  answered("s1");
  pass(3s);
  pass(3s);
  answered("s2");
  ask_in("s3");
  auto page = list();
  REQUIRE(page.sessions.size() == 3);
  CHECK(page.total == 3);
  CHECK(page.sessions[0].state == "stored");
  CHECK(page.sessions[0].turns == 1);
  CHECK(page.sessions[1].state == "idle");
  CHECK(page.sessions[1].turns == 1);
  CHECK(page.sessions[2].state == "answering");
  CHECK(page.sessions[2].turns == 0);
  session_query two;
  two.limit = 2;
  page = list(two);
  CHECK(page.sessions.size() == 2);
  CHECK(page.total == 3);
  two.after = page.next;
  page = list(two);
  REQUIRE(page.sessions.size() == 1);
  CHECK(page.sessions[0].id == "s3");
  CHECK(page.total == 3);
  CHECK_FALSE(page.next.has_value());
}

TEST_CASE_FIXTURE(
    fixture,
    "a session that gets its record, or leaves memory, while a list is made is on it once") {
  ask_in("s1");
  auto listed = begin<session_page>(atom::list_v, session_query{});
  upstream->lines.back()->end_answer();
  run();
  CHECK(store->asked == strings{"list", "commit s1"});
  // The record reaches the store first.
  std::swap(store->answers[0], store->answers[1]);
  answer();
  upstream->lines.back()->end_settling();
  pass(3s);
  pass(3s);
  CHECK(upstream->lines.empty());
  settle_store();
  REQUIRE(listed->has_value());
  CHECK((*listed)->sessions.size() == 1);
  CHECK((*listed)->total == 1);
}

TEST_CASE_FIXTURE(fixture, "a session is shown to its owner, from memory or from its record") {
  answered("s1", "alice");
  for (auto round = 0; round < 2; ++round) {
    CHECK(show("s1", of("alice")).info.turns == 1);
    CHECK(show("s1", admin()).found);
    CHECK_FALSE(show("s1", of("bob")).found);
    CHECK_FALSE(show("s2", of("alice")).found);
    pass(3s);
    pass(3s);
    CHECK(upstream->lines.empty());
  }
  CHECK(show("s1", of("alice")).info.state == "stored");
}

TEST_CASE_FIXTURE(fixture, "a deletion of many includes running, idle and stored sessions") {
  answered("stored");
  pass(3s);
  pass(3s);
  answered("idle");
  auto running = ask_in("running");
  answered("alice's", "alice");
  CHECK(clear(all()) == 3);
  CHECK(running->error.code == chat::failure_code::session_deleted);
  CHECK(ids().empty());
  CHECK(show("alice's", of("alice")).found);
  CHECK(clear(all()) == 0);
  auto everybody = all();
  everybody.view = admin();
  CHECK(clear(everybody) == 1);
}

TEST_CASE_FIXTURE(fixture, "a deletion by model uses the model of the session in memory") {
  answered("a", {}, "Orange Cat");
  answered("b", {}, "Exotic Shorthair");
  ask_in("a", {}, "Exotic Shorthair"); // Its record has the other model.
  auto cats = all();
  cats.model = "public-Orange Cat";
  CHECK(clear(cats) == 0);
  CHECK(ids() == strings{"a", "b"});
  cats.model = "public-Exotic Shorthair";
  CHECK(clear(cats) == 2);
}

TEST_CASE_FIXTURE(fixture, "a running turn is not idle, however long ago it began") {
  answered("running");
  ask_in("running");
  auto idle = all();
  idle.used_before = recorded_now() + 1h;
  CHECK(clear(idle) == 0);
  end_turn();
  CHECK(clear(idle) == 1);
}

TEST_CASE_FIXTURE(fixture, "a session that begins during a deletion of many stays") {
  answered("old");
  auto cleared = begin<std::uint64_t>(atom::clear_v, all());
  answer(); // "old" is gone.
  CHECK(store->asked.back() == "clear");
  ask_in("new");
  settle_store();
  CHECK(*cleared == 1);
  CHECK(ids() == strings{"new"});
}

TEST_CASE_FIXTURE(fixture,
                  "a session that comes into memory during a deletion of many does not come back") {
  answered("s1");
  pass(3s);
  pass(3s);
  auto cleared = begin<std::uint64_t>(atom::clear_v, all());
  CHECK(store->asked.back() == "clear");
  auto turn = ask_in("s1");
  CHECK(turn->log == strings{"begin"});
  settle_store();
  CHECK(*cleared == 1);
  CHECK(turn->error.code == chat::failure_code::session_deleted);
  CHECK(ids().empty());
}

TEST_CASE_FIXTURE(fixture, "a repetition waits while the store is asked about the first request") {
  auto first = ask_keyed("key");
  CHECK(store->asked == strings{"take"});
  auto again = ask_keyed("key");
  auto other = ask_keyed("other");
  CHECK(store->asked == strings{"take", "take"});
  settle_store();
  CHECK(again->head.session_id == first->head.session_id);
  CHECK(again->head.replayed);
  CHECK(other->head.session_id != first->head.session_id);
  CHECK(upstream->log == strings{"begin hello", "begin hello"});
}

TEST_CASE_FIXTURE(fixture, "a silent store fails a turn, and the turns that wait for its session") {
  auto first = ask_keyed("key");
  auto again = ask_keyed("key");
  pass(10s);
  for (const auto& record : {first, again}) {
    CHECK(record->log == strings{"failed"});
    CHECK(record->error.code == chat::failure_code::store_unavailable);
  }
  CHECK(upstream->log.empty());
  // The next one is asked about again, and begins.
  auto later = ask_keyed("key");
  settle_store();
  CHECK(later->log.front() == "begin");
}

TEST_CASE_FIXTURE(
    fixture, "the number of turns that wait for that is limited, and they end with the registry") {
  options.sessions.queue_limit = 1;
  caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
  handle = system().spawn(registry, options);
  run();
  auto f = std::move(upstream->model_queries.back());
  f(test::listed({"Orange Cat"}));
  auto first = ask_keyed("key");
  auto second = ask_keyed("key");
  auto third = ask_keyed("key");
  auto fourth = ask_keyed("key");
  CHECK(third->log.empty());
  CHECK(fourth->error.code == chat::failure_code::session_busy);
  caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
  run();
  CHECK(second->error.code == chat::failure_code::overloaded);
  CHECK(third->error.code == chat::failure_code::overloaded);
}

TEST_CASE_FIXTURE(fixture, "the answer of a session that has left memory is replayed") {
  auto first = ask_keyed("key");
  settle_store();
  upstream->lines.back()->say("meow");
  end_turn();
  pass(3s);
  pass(3s);
  CHECK(upstream->lines.empty());
  auto again = ask_keyed("key");
  settle_store();
  CHECK(again->log == strings{"begin", "delta meow", "finish"});
  CHECK(again->head.session_id == first->head.session_id);
  CHECK(upstream->log == strings{"begin hello", "settle"});
}
