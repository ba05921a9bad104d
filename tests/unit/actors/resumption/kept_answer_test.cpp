#include "actors/resumption/kept_answer.hpp"
#include "actors/store/memory_store.hpp"
#include "tests/unit/support/actor_system.hpp"
#include "tests/unit/support/recording_reply.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace nekod;
using namespace std::chrono_literals;
using chat::failure_code;
using strings = std::vector<std::string>;

/// What a registry was asked for.
struct asked_turn_record {
  std::optional<open_turn> turn;
  reply_actor reply;
};

registry_actor::behavior_type fake_registry(registry_actor::pointer,
                                            std::shared_ptr<asked_turn_record> record) {
  return {
      [record](atom::open, open_turn& t, reply_actor& reply) {
        record->turn = std::move(t);
        record->reply = std::move(reply);
      },
      [](atom::models) { return model_list{}; },
      [](atom::models, atom::refresh) { return model_list{}; },
      [](atom::pass, const std::string&) { return model_choice{}; },
      [](const model_aliases&) {},
      [](atom::ready) { return readiness{}; },
      [](atom::list, const session_query&) { return session_page{}; },
      [](atom::show, const std::string&, const session_view&) { return session_finding{}; },
      [](atom::show, const conversation_query&) { return session_finding{}; },
      [](atom::remove, const std::string&, const session_view&) { return false; },
      [](atom::clear, const session_filter&) { return std::uint64_t{0}; },
      [](atom::edit, const session_key&, const conversation_edit&) { return edit_outcome{}; },
      [](atom::changed, const session_report&) {},
      [](atom::retire, const session_report&) {},
      [](atom::gone, const session_token&) {},
  };
}

turn_actor::behavior_type fake_session(turn_actor::pointer, int) {
  return {[](atom::leave, const client_left&) {}};
}

/// A store that fails to write responses while *fails* is set, before a real one.
store_actor::behavior_type moody_store(store_actor::pointer self, store_actor real,
                                       std::shared_ptr<bool> fails) {
  return {
      [](atom::take, const session_wanted&) { return session_taken{}; },
      [](atom::commit, const session_commit&) { return atom::commit_v; },
      [](atom::release, const session_token&) {},
      [](atom::show, const std::string&, const session_view&) { return session_finding{}; },
      [](atom::list, const session_query&) { return session_page{}; },
      [](atom::remove, const session_key&) { return false; },
      [](atom::clear, const session_filter&) { return std::uint64_t{0}; },
      [self, real, fails](atom::commit, const response_record& r) -> caf::result<atom::commit> {
        if (*fails)
          return caf::sec::runtime_error;
        return self->delegate(real, atom::commit_v, r);
      },
      [self, real](atom::show, const response_key& key) {
        return self->delegate(real, atom::show_v, key);
      },
      [](atom::show, const chain_query&) { return response_chain{}; },
      [](atom::show, const item_query&) { return item_finding{}; },
      [](atom::show, const conversation_query&) { return conversation_finding{}; },
      [](atom::close, const session_key&) { return atom::close_v; },
      [](atom::remove, const response_key&) { return false; },
  };
}

/// Objects are words: the state, and the text.
class word_keeper : public response_recorder {
public:
  explicit word_keeper(bool stores) : stores_(stores) {}

  response_record ended(const answered& a) const override {
    return record(a.answer.identity(), "completed " + text_of(a.answer), response_state::chainable);
  }

  response_record unfinished(const unanswered& u) const override {
    return record(u.identity, u.answer ? "in_progress" : "queued", response_state::running);
  }

  response_record broken_off(const unanswered& u, const chat::failure& reason) const override {
    const auto text = u.answer ? text_of(*u.answer) : std::string{};
    return record(u.identity, std::string{name_of(reason.code)} + " " + text,
                  response_state::closed);
  }

  bool stores() const noexcept override { return stores_; }

private:
  static response_record record(const answer_identity& identity, std::string object,
                                response_state state) {
    response_record r;
    r.id = "resp_" + identity.id;
    r.tenant = "tenant";
    r.object = std::move(object);
    r.state = state;
    return r;
  }

  bool stores_;
};

struct fixture : test::actor_system_fixture {
  fixture() {
    store =
        open_memory_store()->spawn(system(), session_lifetime{3600s}, std::make_shared<metrics>());
    registry = system().spawn(fake_registry, asked);
    session = system().spawn(fake_session, 0); // CAF needs an argument.
    all = std::make_shared<kept_answers>(budget);
  }

  ~fixture() {
    all->stop();
    for (const auto& r : replies)
      caf::anon_send_exit(r, caf::exit_reason::kill);
    for (const auto& a : {caf::actor_cast<caf::actor>(store), caf::actor_cast<caf::actor>(registry),
                          caf::actor_cast<caf::actor>(session)})
      caf::anon_send_exit(a, caf::exit_reason::kill);
    asked->reply = nullptr;
    run();
  }

  fixture(const fixture&) = delete;
  fixture& operator=(const fixture&) = delete;

  /// Asks for a turn whose answer is kept.
  void start(bool background = true, bool stores = true) {
    recorder = std::make_shared<word_keeper>(stores);
    kept_answer_options o;
    o.rules.all = all;
    o.rules.age = 60s;
    o.rules.longest_wait = 600s;
    o.rules.max_kept_bytes = longest;
    o.registry = registry;
    o.store = store;
    o.asked.request = test::request_saying("hello");
    o.asked.tenant = "tenant";
    o.asked.answer_id = answer_identity{"abc", 1};
    o.recorder = recorder;
    o.background = background;
    auto spawned = spawn_kept_answer(system(), {}, std::move(o));
    REQUIRE(spawned);
    kept = *spawned;
    caf::anon_send(kept, atom::turn_v);
    run();
  }

  /// A client that reads the answer.
  std::shared_ptr<test::reply_record> reader() {
    auto record = std::make_shared<test::reply_record>();
    replies.push_back(test::spawn_recording_reply(system(), record));
    caf::anon_send(kept, atom::read_v, replies.back());
    run();
    return record;
  }

  void begin() {
    turn_head head;
    head.session_id = "s1";
    head.answer = std::make_shared<answer_log>(*asked->turn->answer_id, home_loop{}, 100);
    head.answer->on_room([this](std::size_t bytes) { room += bytes; });
    head.answer->add_reader(asked->reply.id());
    answer = head.answer;
    caf::anon_send(asked->reply, atom::begin_v, head, session);
    run();
  }

  void say(const std::string& text) {
    deltas d;
    d.push_back(text);
    answer->append(std::move(d), text.size());
    run();
  }

  void finish() {
    caf::anon_send(asked->reply, atom::finish_v, chat::answer_end{});
    run();
  }

  template <class Question>
  std::string ask(Question question) {
    std::string result = "nothing";
    system().spawn(
        [&](caf::event_based_actor* self, const kept_answer_actor& to, Question q) {
          self->request(to, 1s, q).then([&](const std::string& object) { result = object; },
                                        [&](const caf::error&) { result = "an error"; });
        },
        kept, question);
    run();
    return result;
  }

  std::string stored() {
    std::string result = "nothing";
    system().spawn(
        [&](caf::event_based_actor* self, const store_actor& records) {
          self->request(records, 1s, atom::show_v, response_key{"tenant", "resp_abc"})
              .then([&](const response_finding& f) {
                result = f.record ? f.record->object : std::string{};
              });
        },
        store);
    run();
    return result;
  }

  /// Whether the turn is given up: its reply has ended.
  bool is_given_up() {
    auto ended = false;
    system().spawn(
        [&ended](caf::event_based_actor* self, const reply_actor& reply) {
          self->set_down_handler([&ended, self](const caf::down_msg&) {
            ended = true;
            self->quit();
          });
          self->monitor(reply);
          self->delayed_send(self, 0s, atom::idle_v);
          self->become([self](atom::idle) { self->quit(); });
        },
        asked->reply);
    pass(1ms);
    return ended;
  }

  bool is_kept() const { return all->find({"tenant", "abc"}).has_value(); }

  std::shared_ptr<byte_budget> budget = std::make_shared<byte_budget>(100'000);
  std::shared_ptr<asked_turn_record> asked = std::make_shared<asked_turn_record>();
  store_actor store;
  registry_actor registry;
  turn_actor session;
  std::shared_ptr<kept_answers> all;
  std::shared_ptr<const response_recorder> recorder;
  kept_answer_actor kept;
  std::vector<reply_actor> replies;
  std::shared_ptr<answer_log> answer;
  std::size_t room = 0;
  std::size_t longest = 30'000;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "readers read all, whenever they come") {
  start();
  const auto early = reader();
  CHECK(early->log.empty());
  begin();
  CHECK(early->head.kept);
  say("a");
  const auto amid = reader();
  say("b");
  finish();
  const auto late = reader();
  for (const auto& r : {early, amid, late})
    CHECK(r->log == strings{"begin", "delta a", "delta b", "finish"});
}

TEST_CASE_FIXTURE(fixture,
                  "a client that leaves changes nothing, and nobody holds the upstream up") {
  start();
  const auto one = reader();
  begin();
  say(std::string(100, 'a'));
  test::leave_reply(replies.front());
  run();
  CHECK_FALSE(is_given_up());
  say(std::string(100, 'b'));
  CHECK(room == 200);
  finish();
  const auto two = reader();
  CHECK(two->log.size() == 4);
}

TEST_CASE_FIXTURE(fixture, "a response in the background is stored before its turn begins") {
  start();
  CHECK(stored() == "queued");
  CHECK(ask(atom::show_v) == "queued");
  REQUIRE(asked->turn);
  begin();
  CHECK(ask(atom::show_v) == "in_progress");
  say("a");
  finish();
  CHECK(ask(atom::show_v) == "completed a");
}

TEST_CASE_FIXTURE(fixture, "an end that could not be stored is told, and stored later") {
  const auto fails = std::make_shared<bool>(false);
  const auto real = std::exchange(store, {});
  store = system().spawn(moody_store, real, fails);
  start();
  begin();
  *fails = true;
  caf::anon_send(asked->reply, atom::failed_v, chat::failure{failure_code::upstream_error});
  run();
  CHECK(ask(atom::show_v) == "upstream_error ");
  CHECK(stored() == "queued");
  pass(5s);
  CHECK(stored() == "queued");
  *fails = false;
  pass(5s);
  CHECK(stored() == "upstream_error ");
  caf::anon_send_exit(real, caf::exit_reason::kill);
}

TEST_CASE_FIXTURE(fixture, "one that is not to be stored is not") {
  start(true, false);
  CHECK(stored().empty());
  begin();
  say("a");
  CHECK(ask(atom::cancel_v) == "cancelled a");
  CHECK(stored().empty());
  CHECK(ask(atom::show_v) == "cancelled a");
}

TEST_CASE_FIXTURE(fixture, "a turn is cancelled while it waits") {
  start();
  const auto r = reader();
  CHECK(ask(atom::cancel_v) == "cancelled ");
  CHECK(is_given_up());
  CHECK(stored() == "cancelled ");
  CHECK(r->log == strings{"failed"});
  CHECK(r->error.code == failure_code::cancelled);
}

TEST_CASE_FIXTURE(fixture, "a turn is cancelled while it runs, once") {
  start();
  const auto r = reader();
  begin();
  say("a");
  CHECK(ask(atom::cancel_v) == "cancelled a");
  CHECK(is_given_up());
  CHECK(stored() == "cancelled a");
  CHECK(r->log == strings{"begin", "delta a", "failed"});
  CHECK(ask(atom::cancel_v) == "cancelled a");
}

TEST_CASE_FIXTURE(fixture, "a turn that has ended is not cancelled") {
  start();
  begin();
  say("a");
  finish();
  CHECK(ask(atom::cancel_v) == "completed a");
}

TEST_CASE_FIXTURE(fixture, "of a cancellation and an answer, the first that the store has counts") {
  start();
  begin();
  say("a");
  // The session commits, and is about to say so.
  response_record answered;
  answered.id = "resp_abc";
  answered.tenant = "tenant";
  answered.object = "completed a";
  answered.state = response_state::chainable;
  caf::anon_send(store, atom::commit_v, answered);
  run();
  CHECK(ask(atom::cancel_v) == "completed a");
  CHECK(stored() == "completed a");
  CHECK_FALSE(is_kept());
}

TEST_CASE_FIXTURE(fixture, "a turn that fails is stored so, and its readers hear why") {
  start();
  const auto r = reader();
  begin();
  say("a");
  caf::anon_send(asked->reply, atom::failed_v, chat::failure{failure_code::upstream_timeout});
  run();
  CHECK(stored() == "upstream_timeout a");
  CHECK(r->log == strings{"begin", "delta a", "failed"});
  CHECK(reader()->error.code == failure_code::upstream_timeout);
}

TEST_CASE_FIXTURE(fixture, "what a session said last counts, if it ends right behind it") {
  start();
  begin();
  say("a");
  caf::anon_send(asked->reply, atom::finish_v, chat::answer_end{});
  caf::anon_send_exit(session, caf::exit_reason::user_shutdown);
  run();
  CHECK(ask(atom::show_v) == "completed a");
}

TEST_CASE_FIXTURE(fixture, "a turn whose session ends has failed") {
  start();
  begin();
  say("a");
  caf::anon_send_exit(session, caf::exit_reason::user_shutdown);
  run();
  CHECK(stored() == "overloaded a");
}

TEST_CASE_FIXTURE(fixture, "the response of a deleted session goes") {
  start();
  begin();
  caf::anon_send(asked->reply, atom::failed_v, chat::failure{failure_code::session_deleted});
  run();
  CHECK(stored().empty());
  CHECK_FALSE(is_kept());
}

TEST_CASE_FIXTURE(fixture, "a stream that failed before it began is not kept") {
  start(false);
  const auto r = reader();
  caf::anon_send(asked->reply, atom::failed_v, chat::failure{failure_code::model_not_found});
  run();
  CHECK(r->log == strings{"failed"});
  CHECK_FALSE(is_kept());
  CHECK(stored().empty());
}

TEST_CASE_FIXTURE(fixture, "a turn that waits for too long fails") {
  start();
  pass(601s);
  CHECK(stored() == "overloaded ");
  CHECK(is_given_up());
}

TEST_CASE_FIXTURE(fixture, "an answer is forgotten some time after its end, not before") {
  start();
  begin();
  pass(100s);
  CHECK(is_kept());
  finish();
  pass(59s);
  CHECK(is_kept());
  pass(2s);
  CHECK_FALSE(is_kept());
  CHECK(budget->used() == 0);
}

TEST_CASE_FIXTURE(fixture, "an answer's bytes are counted; one that is too long fails") {
  start();
  begin();
  for (auto i = 0; i < 3; ++i)
    say(std::string(10'000, 'a'));
  CHECK(budget->used() >= 30'000);
  CHECK_FALSE(is_given_up());
  // Bytes are counted in steps.
  say(std::string(20'000, 'a'));
  CHECK(is_given_up());
  CHECK(stored().starts_with("upstream_error aaa"));
}

TEST_CASE_FIXTURE(fixture, "an answer for which no room is left fails, and is given up") {
  budget = std::make_shared<byte_budget>(30'000);
  all = std::make_shared<kept_answers>(budget);
  longest = 100'000;
  start();
  begin();
  say(std::string(10'000, 'a'));
  CHECK_FALSE(is_given_up()); // There is room for a short answer from the beginning.
  say(std::string(10'000, 'a'));
  CHECK(is_given_up());
  CHECK(stored().starts_with("overloaded aaa"));
  CHECK(budget->used() <= budget->request_limit());
}
