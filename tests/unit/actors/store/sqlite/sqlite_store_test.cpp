#include "actors/store/sqlite/sqlite_store.hpp"
#include "tests/unit/support/actor_system.hpp"
#include "tests/unit/support/small_disk.hpp"
#include "tests/unit/support/store_calls.hpp"
#include "tests/unit/support/stored_records.hpp"
#include "tests/unit/support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <optional>
#include <utility>

using namespace nekod;
using namespace std::chrono_literals;

namespace {

session_record record(const std::string& id, std::chrono::seconds age = 0s) {
  session_record r;
  r.info.id = id;
  r.tip = conversation_tip::of("tip of " + id);
  r.info.last_used = std::chrono::system_clock::now() - age;
  return r;
}

/// The answer to a request; nothing while it is open.
template <class T>
struct outcome {
  std::optional<T> answer;
  std::optional<caf::error> error;
};

/// The store, on the test's scheduler instead of a thread of its own.
struct fixture : test::actor_system_fixture {
  fixture() { start(); }
  ~fixture() { stop(); }
  fixture(const fixture&) = delete;
  fixture& operator=(const fixture&) = delete;

  void start() {
    store = system().spawn(sqlite_store,
                           std::make_shared<session_database>(file, session_database::texts::kept),
                           lifetime, counts);
    run();
  }

  /// Waits for earlier requests.
  void stop() {
    system().spawn(
        [](caf::event_based_actor* self, const sqlite_store_actor& to) {
          self->send_exit(to, caf::exit_reason::user_shutdown);
        },
        std::exchange(store, nullptr));
    run();
  }

  /// Sends a request, and calls *then* when it is answered. Nothing happens before `run`.
  template <class T, class... Ts>
  std::shared_ptr<outcome<T>> ask(const std::function<void()>& then, Ts... question) {
    auto result = std::make_shared<outcome<T>>();
    system().spawn(
        [=](caf::event_based_actor* self, const sqlite_store_actor& to) {
          self->request(to, 10s, question...)
              .then(
                  [=](T& value) {
                    result->answer = std::move(value);
                    if (then)
                      then();
                  },
                  [=](caf::error& e) { result->error = std::move(e); });
        },
        store);
    return result;
  }

  auto keep(session_record r, const std::function<void()>& then = {}) {
    session_commit c;
    c.token = test::some_token;
    c.messages = {0, r.transcript};
    c.record = std::move(r);
    c.token.number = tokens.try_emplace(c.record.info.id, tokens.size() + 2).first->second;
    auto kept = [then, to = store, token = c.token] {
      if (then)
        then();
      caf::anon_send(to, atom::release_v, token);
    };
    return ask<atom::commit>(kept, atom::commit_v, std::move(c));
  }

  auto take(const std::string& id) {
    session_wanted wanted;
    wanted.token = test::some_token;
    wanted.id = id;
    return ask<session_taken>({}, atom::take_v, std::move(wanted));
  }

  /// Whether there is a record of that id, once the store has answered.
  bool knows(const std::string& id) {
    session_view view;
    auto found = ask<session_finding>({}, atom::show_v, id, view);
    run();
    return found->answer && found->answer->found;
  }

  bool known_after_crash(const std::string& id) const {
    session_database later{test::copy_after_crash(folder, file), session_database::texts::kept};
    return test::load(later, {{}, id}).found;
  }

  auto commits() const { return counts->store_commit.Collect().histogram.sample_count; }

  test::temporary_folder folder;
  std::string file = folder.file("sessions.db");
  std::shared_ptr<metrics> counts = std::make_shared<metrics>();
  session_lifetime lifetime{1h};
  sqlite_store_actor store;
  /// The holder of each record, by its id.
  std::map<std::string, std::uint64_t> tokens;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a commit is answered once its record is on the disk") {
  auto then = false;
  keep(record("a"), [&] { then = known_after_crash("a"); });
  run();
  CHECK(then);
}

TEST_CASE_FIXTURE(fixture, "records that arrive together are written in one batch") {
  std::size_t answered = 0;
  for (auto i = 0; i < 20; ++i)
    keep(record("session-" + std::to_string(i)), [&] { ++answered; });
  run();
  CHECK(answered == 20);
  CHECK(commits() == 1);
  CHECK(counts->stored_records.Value() == 20);
  CHECK(counts->stored_sessions.Value() == 20);
  keep(record("one more"));
  run();
  CHECK(commits() == 2);
}

TEST_CASE_FIXTURE(fixture, "a batch has an end even if records keep arriving") {
  for (std::size_t i = 0; i < most_in_batch + 1; ++i)
    keep(record("session-" + std::to_string(i)));
  run();
  CHECK(commits() == 2);
  CHECK(counts->stored_sessions.Value() == most_in_batch + 1);
}

TEST_CASE_FIXTURE(fixture, "a read sees the writes before it") {
  keep(record("a"));
  auto shown = ask<session_finding>({}, atom::show_v, std::string{"a"}, session_view{});
  auto taken = take("a");
  auto removed = ask<bool>({}, atom::remove_v, session_key{{}, "a"});
  auto again = take("a");
  auto list = ask<session_page>({}, atom::list_v, session_query{});
  run();
  CHECK(shown->answer->found);
  CHECK(taken->answer->record->info.id == "a");
  CHECK(*removed->answer);
  CHECK(again->answer->version == 0);
  CHECK(list->answer->sessions.empty());
  CHECK(commits() == 1);
  CHECK(counts->stored_sessions.Value() == 0);
}

TEST_CASE_FIXTURE(fixture, "a refused commit is an error, and spoils no batch") {
  keep(record("a"));
  run();
  auto beside = keep(record("b"));
  auto refused = keep(record("a")); // Based on no record, although there is one.
  run();
  CHECK(refused->error);
  CHECK(beside->answer);
  CHECK(known_after_crash("b"));
}

TEST_CASE_FIXTURE(fixture, "an answer is forgotten for good before a turn continues without it") {
  auto r = record("a");
  r.answer.emplace();
  r.answer->identity = "request";
  keep(r);
  run();
  session_wanted wanted;
  wanted.token = test::some_token;
  wanted.identity = "request";
  wanted.answer = earlier_answer::forgotten;
  auto forgotten = false;
  ask<session_taken>(
      [&] {
        session_database later{test::copy_after_crash(folder, file), session_database::texts::kept};
        forgotten = !test::answered(later, {}, "request").found;
      },
      atom::take_v, wanted);
  run();
  CHECK(forgotten);
}

TEST_CASE_FIXTURE(fixture, "a response is stored by itself, or with a session, and is looked for") {
  auto then = false;
  auto written = ask<atom::commit>(
      [&] {
        session_database later{test::copy_after_crash(folder, file), session_database::texts::kept};
        const auto now = std::chrono::system_clock::now();
        then = later.responses().show(response_key{{}, "a"}, now).record == test::response("a");
      },
      atom::commit_v, test::response("a"));
  session_commit c;
  c.token = test::some_token;
  c.record = record("s");
  c.record.info.conversation = "c";
  c.response = test::response("b", "a");
  auto committed = ask<atom::commit>({}, atom::commit_v, c);
  auto shown = ask<response_finding>({}, atom::show_v, response_key{{}, "b"});
  auto chain = ask<response_chain>({}, atom::show_v, chain_query{{{}, "b"}});
  item_query wanted;
  wanted.ids = {"in-a", "out-b", "x"};
  auto items = ask<item_finding>({}, atom::show_v, wanted);
  auto conversation = ask<conversation_finding>({}, atom::show_v, conversation_query{{}, "c"});
  run();
  CHECK(then);
  CHECK(written->answer);
  CHECK(committed->answer);
  CHECK(shown->answer->record == c.response);
  CHECK(test::ids_of(chain->answer->items) == " in-a out-a in-b out-b");
  CHECK(test::ids_of(items->answer->items) == " in-a out-b");
  CHECK(conversation->answer->info.id == "s");
  CHECK(counts->stored_responses.Value() == 2);
  auto removed = ask<bool>({}, atom::remove_v, response_key{{}, "b"});
  auto again = ask<bool>({}, atom::remove_v, response_key{{}, "b"});
  run();
  CHECK(*removed->answer);
  CHECK_FALSE(*again->answer);
  CHECK(counts->stored_responses.Value() == 1);
}

TEST_CASE_FIXTURE(fixture, "expired responses are deleted step by step, at the start and later") {
  for (std::size_t i = 0; i < 2 * store_step + 1; ++i) {
    const auto id = std::to_string(i);
    auto r = test::response(id, i == 0 ? "" : std::to_string(i - 1));
    r.expires_at = std::chrono::system_clock::now() - 1s;
    ask<atom::commit>({}, atom::commit_v, r);
  }
  ask<atom::commit>({}, atom::commit_v, test::response("fresh"));
  run();
  CHECK(counts->stored_responses.Value() == 2 * store_step + 2);
  stop();
  start();
  CHECK(counts->stored_responses.Value() == 1);
  auto later = test::response("later");
  later.expires_at = std::chrono::system_clock::now() - 1s;
  ask<atom::commit>({}, atom::commit_v, later);
  run();
  CHECK(counts->stored_responses.Value() == 2);
  pass(60s);
  CHECK(counts->stored_responses.Value() == 1);
}

TEST_CASE_FIXTURE(fixture, "a deletion of many sessions deletes their responses") {
  for (std::size_t i = 0; i < store_step + 1; ++i) {
    const auto id = "session-" + std::to_string(i);
    keep(record(id));
    ask<atom::commit>({}, atom::commit_v, test::response(id, {}, id));
  }
  run();
  session_filter all;
  all.created_until = recorded_now();
  all.spared = {{{}, "session-7"}};
  ask<std::uint64_t>({}, atom::clear_v, all);
  run();
  CHECK(counts->stored_responses.Value() == 1);
}

TEST_CASE_FIXTURE(fixture, "deleted sessions stay deleted after a crash") {
  keep(record("a"));
  run();
  auto then = true;
  ask<bool>([&] { then = known_after_crash("a"); }, atom::remove_v, session_key{{}, "a"});
  run();
  CHECK_FALSE(then);
}

TEST_CASE_FIXTURE(
    fixture, "requests before the store's end are answered, and their records are there later") {
  auto asked = keep(record("a"));
  stop();
  CHECK(asked->answer);
  start();
  CHECK(counts->stored_sessions.Value() == 1);
  CHECK(knows("a"));
}

TEST_CASE_FIXTURE(fixture, "expired records are deleted step by step, at the start and later") {
  keep(record("fresh"));
  for (std::size_t i = 0; i < 2 * store_step + 1; ++i)
    keep(record("old-" + std::to_string(i), 2h));
  stop();
  start();
  CHECK(counts->stored_sessions.Value() == 1);
  CHECK(knows("fresh"));
  keep(record("older", 3h));
  run();
  CHECK(knows("older"));
  pass(60s);
  CHECK_FALSE(knows("older"));
  CHECK(counts->stored_sessions.Value() == 1);
}

TEST_CASE_FIXTURE(fixture, "other requests are answered during a deletion of many") {
  for (std::size_t i = 0; i < 2 * store_step + 1; ++i)
    keep(record("session-" + std::to_string(i)));
  run();
  session_filter all;
  all.created_until = recorded_now();
  all.spared = {{{}, "session-7"}};
  auto newer = record("newer");
  newer.info.created_at = all.created_until + 1s;
  auto few = all;
  few.view.tenant = "bob";
  std::vector<std::string> answers;
  auto cleared = ask<std::uint64_t>([&] { answers.emplace_back("all"); }, atom::clear_v, all);
  ask<std::uint64_t>([&] { answers.emplace_back("few"); }, atom::clear_v, few);
  keep(newer, [&] { answers.emplace_back("newer"); });
  run();
  CHECK(*cleared->answer == 2 * store_step);
  CHECK(answers == std::vector<std::string>{"newer", "few", "all"});
  CHECK(knows("newer"));
  CHECK(knows("session-7"));
  CHECK_FALSE(known_after_crash("session-8"));
}

TEST_CASE_FIXTURE(fixture, "a deletion of many is answered even at the store's end") {
  for (std::size_t i = 0; i < store_step + 1; ++i)
    keep(record("session-" + std::to_string(i)));
  run();
  auto cleared = ask<std::uint64_t>({}, atom::clear_v, session_filter{});
  stop();
  CHECK((cleared->answer || cleared->error));
  start();
}

TEST_CASE_FIXTURE(fixture, "records beyond their age are deleted step by step") {
  lifetime = session_lifetime{1h, 30min};
  stop();
  start();
  auto old = record("old");
  old.info.created_at = std::chrono::system_clock::now() - 31min;
  auto young = record("young");
  young.info.created_at = std::chrono::system_clock::now() - 29min;
  keep(old);
  keep(young);
  pass(60s);
  CHECK_FALSE(knows("old"));
  CHECK(knows("young"));
}

TEST_CASE_FIXTURE(fixture,
                  "without room every request of a batch fails, and the store continues later") {
  keep(record("before"));
  run();
  auto big = record("big");
  big.transcript = {{chat::role::user, std::string(1u << 20, 'x')}};
  {
    test::small_disk full{64u << 10};
    auto beside = keep(record("beside"));
    auto refused = keep(big);
    auto behind = ask<bool>({}, atom::remove_v, session_key{{}, "before"});
    run();
    CHECK(beside->error);
    CHECK(refused->error);
    CHECK((behind->answer || behind->error));
    CHECK_FALSE(knows("beside"));
    CHECK_FALSE(knows("big"));
    CHECK(counts->stored_sessions.Value() == (knows("before") ? 1 : 0));
  }
  auto kept = keep(big);
  run();
  CHECK(kept->answer);
  CHECK(known_after_crash("big"));
}
