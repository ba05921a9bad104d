#include "actors/registry/registry.hpp"
#include "actors/store/memory_store.hpp"
#include "tests/unit/support/actor_system.hpp"
#include "tests/unit/support/fake_upstream.hpp"
#include "tests/unit/support/recording_reply.hpp"
#include "tests/unit/support/usual_options.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

namespace {

using namespace nekod;
using namespace std::chrono_literals;
using strings = std::vector<std::string>;

struct fixture : test::actor_system_fixture {
  fixture() {
    options.upstreams = {{upstream}};
    options.sessions.store =
        system().spawn(memory_store, session_lifetime{1h}, options.sessions.counts);
    options.aliases.entries = {{"cat", "Exotic Shorthair"}, {"ghost", "No Such Cat"}};
    options.sessions.idle_time = 60s;
    options.sessions.digest = digest;
    options.health = health;
    handle = system().spawn(registry, options);
    run();
  }

  ~fixture() {
    caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(options.sessions.store, caf::exit_reason::kill);
    run();
  }

  fixture(const fixture&) = delete;
  fixture& operator=(const fixture&) = delete;

  void give_models(const strings& names) {
    REQUIRE_FALSE(upstream->model_queries.empty());
    auto f = std::move(upstream->model_queries.back());
    upstream->model_queries.pop_back();
    f(test::listed(names));
    run();
  }

  /// Another registry, whose upstream has no default model.
  void begin_without_default() {
    caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
    run();
    upstream->model_queries.clear();
    upstream->default_name.clear();
    handle = system().spawn(registry, options);
    run();
  }

  /// @param may_pass Whether the reason may go away by itself.
  void refuse_models(chat::failure_code code = chat::failure_code::upstream_error,
                     bool may_pass = true) {
    REQUIRE_FALSE(upstream->model_queries.empty());
    auto f = std::move(upstream->model_queries.back());
    upstream->model_queries.pop_back();
    chat::failure reason{code};
    reason.may_pass = may_pass;
    f(reason);
    run();
  }

  std::shared_ptr<test::reply_record> ask(std::shared_ptr<chat::request> request,
                                          const std::string& tenant = {}) {
    auto record = std::make_shared<test::reply_record>();
    newest_reply = test::spawn_recording_reply(system(), record);
    open_turn t;
    t.request = std::move(request);
    t.tenant = tenant;
    caf::anon_send(handle, atom::open_v, t, newest_reply);
    run();
    return record;
  }

  /// The client that asked last leaves, to come back.
  void leave(test::reply_record& record) {
    record.returns = true;
    test::leave_reply(newest_reply);
    run();
  }

  std::shared_ptr<test::reply_record> ask_in(const std::string& session_id,
                                             const std::string& model = {},
                                             const std::string& tenant = {}) {
    auto request = test::request_saying("hello");
    request->session_id = session_id;
    request->model = model;
    return ask(request, tenant);
  }

  template <class Reply, class... Question>
  Reply get(Question... question) {
    Reply result{};
    system().spawn(
        [&](caf::event_based_actor* self, const registry_actor& h) {
          self->request(h, caf::infinite, question...)
              .then([&](Reply& r) { result = std::move(r); }, [](const caf::error&) {});
        },
        handle);
    run();
    return result;
  }

  std::vector<session_info> list(const session_view& view) {
    session_query query;
    query.view = view;
    return get<session_page>(atom::list_v, query).sessions;
  }

  std::shared_ptr<test::fake_upstream> upstream = std::make_shared<test::fake_upstream>();
  std::shared_ptr<conversation_digest> digest = std::make_shared<conversation_digest>("key");
  std::shared_ptr<store_health> health = std::make_shared<store_health>();
  registry_options options = test::usual_registry_options();
  registry_actor handle;
  reply_actor newest_reply;
};

} // namespace

namespace {

/// A request with these messages, of user and assistant in turn, the last one of the user.
std::shared_ptr<chat::request> telling(const strings& texts) {
  auto result = std::make_shared<chat::request>();
  for (std::size_t i = 0; i < texts.size(); ++i)
    result->messages.emplace_back(i % 2 == 0 ? chat::role::user : chat::role::assistant, texts[i]);
  result->stream = true;
  return result;
}

/// Lets the newest conversation answer.
void answer(fixture& f, const std::string& text, bool settle = true) {
  auto& line = *f.upstream->lines.back();
  line.say(text);
  line.end_answer();
  f.run();
  if (settle)
    line.end_settling();
  f.run();
}

} // namespace

TEST_CASE_FIXTURE(fixture, "turns wait for the first list of models") {
  auto a = ask_in("s1", "public-Exotic Shorthair");
  CHECK(a->log.empty());
  give_models({"Orange Cat", "Exotic Shorthair"});
  CHECK(a->log == strings{"begin"});
  CHECK(upstream->turns.back().model == "Exotic Shorthair");
}

TEST_CASE_FIXTURE(fixture, "turns are refused without asking the store while its file is missing") {
  give_models({"Orange Cat"});
  upstream->stands.working = 1;
  health->in_place = false;
  const auto refused = ask_in("s1");
  CHECK(refused->error.code == chat::failure_code::store_unavailable);
  CHECK(upstream->lines.empty());
  CHECK(get<readiness>(atom::ready_v).reasons == strings{"store_unavailable"});
  health->in_place = true;
  CHECK(ask_in("s1")->log == strings{"begin"});
  CHECK(get<readiness>(atom::ready_v).reasons.empty());
  health->works = false; // Only a turn shows whether it works again.
  CHECK(get<readiness>(atom::ready_v).reasons == strings{"store_unavailable"});
  CHECK(ask_in("s2")->log == strings{"begin"});
}

TEST_CASE_FIXTURE(fixture,
                  "the number of turns that wait for the first list of models is limited") {
  auto record = std::make_shared<test::reply_record>();
  auto reply = test::spawn_recording_reply(system(), record);
  open_turn t;
  t.request = test::request_saying("hello");
  for (std::size_t i = 0; i < max_waiting_for_models; ++i)
    caf::anon_send(handle, atom::open_v, t, reply);
  run();
  CHECK(record->log.empty());
  CHECK(ask_in("s1")->error.code == chat::failure_code::overloaded);
}

TEST_CASE_FIXTURE(fixture, "without a list the default model is used") {
  auto a = ask_in("s1", "public-Exotic Shorthair");
  refuse_models();
  CHECK(upstream->turns.back().model == "Orange Cat");
  CHECK(a->head.fallback);
}

TEST_CASE_FIXTURE(fixture, "a model is found by public id, upstream name and alias") {
  give_models({"Orange Cat", "Exotic Shorthair"});
  ask_in("a", "public-Exotic Shorthair");
  CHECK(upstream->turns.back().model == "Exotic Shorthair");
  ask_in("b", "Exotic Shorthair");
  CHECK(upstream->turns.back().model == "Exotic Shorthair");
  auto alias = ask_in("c", "cat");
  CHECK(upstream->turns.back().model == "Exotic Shorthair");
  CHECK(alias->head.model == "cat");
  CHECK_FALSE(alias->head.fallback);
  auto unknown = ask_in("d", "gpt-7");
  CHECK(upstream->turns.back().model == "Orange Cat");
  CHECK(unknown->head.model == "public-Orange Cat");
  CHECK(unknown->head.fallback);
  CHECK_FALSE(ask_in("e", "")->head.fallback);
}

TEST_CASE_FIXTURE(fixture, "the list of models is used for its time, then requested again") {
  give_models({"Orange Cat"});
  pass(299s);
  auto list = get<model_list>(atom::models_v);
  CHECK(list.models.size() == 1);
  CHECK(upstream->model_queries.empty());
  pass(2s);
  model_list fresh;
  system().spawn(
      [&](caf::event_based_actor* self, const registry_actor& h) {
        self->request(h, caf::infinite, atom::models_v)
            .then([&](const model_list& l) { fresh = l; }, [](const caf::error&) {});
      },
      handle);
  run();
  CHECK(fresh.models.empty()); // It waits for the upstream.
  give_models({"Orange Cat", "Exotic Shorthair"});
  CHECK(fresh.models.size() == 3); // Including the alias, whose model exists now.
}

TEST_CASE_FIXTURE(fixture, "turns do not wait for a list that is merely old") {
  give_models({"Orange Cat"});
  pass(301s);
  CHECK(ask_in("s1")->log == strings{"begin"});
  CHECK(upstream->model_queries.size() == 1);
}

TEST_CASE_FIXTURE(fixture, "one id is one session, and no id is a new one each time") {
  give_models({"Orange Cat"});
  ask_in("s1");
  ask_in("s1");
  CHECK(upstream->lines.size() == 1);
  auto a = ask_in("");
  auto b = ask_in("");
  CHECK(upstream->lines.size() == 3);
  CHECK(a->head.session_id != b->head.session_id);
  CHECK(chat::valid_session_id(a->head.session_id));
}

TEST_CASE_FIXTURE(fixture, "the answer names the rule that found its session") {
  give_models({"Orange Cat"});
  CHECK(ask_in("s1")->head.match == session_match::explicit_id);
  CHECK(ask_in("")->head.match == session_match::fresh);
  auto request = test::request_saying("hello");
  request->messages.insert(request->messages.begin(), {chat::role::system, "be a cat"});
  CHECK(ask(request)->head.match == session_match::seeded);
}

TEST_CASE_FIXTURE(fixture,
                  "a request beyond the upstream's abilities is refused by the parameter's name") {
  give_models({"Orange Cat"});
  auto request = test::request_saying("hello");
  request->demands = {"tools"};
  auto a = ask(request);
  CHECK(a->error.code == chat::failure_code::unsupported_parameter);
  CHECK(a->error.param == "tools");
  CHECK(upstream->lines.empty());
}

TEST_CASE_FIXTURE(fixture, "a deleted session is gone, and its id begins a new one") {
  give_models({"Orange Cat"});
  auto a = ask_in("s1");
  CHECK(get<bool>(atom::remove_v, std::string{"s1"}, session_view{}));
  CHECK(a->error.code == chat::failure_code::session_deleted);
  CHECK(list({}).empty());
  CHECK_FALSE(get<bool>(atom::remove_v, std::string{"s1"}, session_view{}));
  CHECK(ask_in("s1")->log == strings{"begin"});
}

TEST_CASE_FIXTURE(fixture,
                  "a session that has left memory is listed, can continue and can be deleted") {
  give_models({"Orange Cat"});
  ask_in("s1");
  upstream->lines.front()->end_answer();
  run();
  upstream->lines.front()->end_settling();
  run();
  pass(60s);
  pass(60s);
  CHECK(upstream->lines.empty());
  auto listed = list({});
  REQUIRE(listed.size() == 1);
  CHECK(listed.front().id == "s1");
  CHECK(listed.front().has_upstream_chat);
  CHECK(listed.front().state == "stored");
  CHECK(listed.front().turns == 1);
  ask_in("s1");
  REQUIRE(upstream->lines.size() == 1);
  CHECK(upstream->lines.front()->state.id == "chat");
  CHECK(list({}).size() == 1);
}

TEST_CASE_FIXTURE(fixture, "a session does not leave memory while a turn is on its way to it") {
  give_models({"Orange Cat"});
  ask_in("s1");
  upstream->lines.front()->end_answer();
  run();
  upstream->lines.front()->end_settling();
  run();
  // The session counted one turn; by the time it asks, the registry has sent another.
  session_report late;
  late.info.id = "s1";
  caf::anon_send(handle, atom::retire_v, late);
  run();
  CHECK(upstream->lines.size() == 1);
  CHECK(ask_in("s1")->log == strings{"begin"});
}

TEST_CASE_FIXTURE(fixture, "a tenant can neither see nor use nor delete another's session") {
  give_models({"Orange Cat"});
  session_view a;
  a.tenant = "a";
  session_view b;
  b.tenant = "b";
  session_view admin;
  admin.all = true;
  CHECK(ask_in("s1", {}, "a")->log == strings{"begin"});
  CHECK(list(a).size() == 1);
  CHECK(list(b).empty());
  CHECK(list(admin).size() == 1);
  CHECK_FALSE(get<bool>(atom::remove_v, std::string{"s1"}, b));
  CHECK(get<bool>(atom::remove_v, std::string{"s1"}, admin));
}

TEST_CASE_FIXTURE(fixture, "two tenants use one name for two sessions") {
  give_models({"Orange Cat"});
  session_view b;
  b.tenant = "b";
  ask_in("s1", {}, "a");
  answer(*this, "for a alone");
  CHECK(ask_in("s1", {}, "b")->log == strings{"begin"});
  CHECK(upstream->seeded_texts.back() == "hello");
  CHECK(list(b).size() == 1);
  CHECK(get<bool>(atom::remove_v, std::string{"s1"}, b));
  CHECK(list(b).empty());
  CHECK(ask_in("s1", {}, "a")->log == strings{"begin"});
  CHECK(upstream->lines.size() == 1);
}

TEST_CASE_FIXTURE(fixture, "nor one that has left memory, which its owner finds unchanged") {
  give_models({"Orange Cat"});
  session_view b;
  b.tenant = "b";
  ask_in("s1", {}, "a");
  upstream->lines.front()->end_answer();
  run();
  upstream->lines.front()->end_settling();
  run();
  pass(60s);
  pass(60s);
  REQUIRE(upstream->lines.empty());
  CHECK(list(b).empty());
  CHECK_FALSE(get<bool>(atom::remove_v, std::string{"s1"}, b));
  CHECK(ask_in("s1", {}, "b")->log == strings{"begin"});
  CHECK(upstream->seeded_texts.back() == "hello");
  CHECK(ask_in("s1", {}, "a")->log == strings{"begin"});
  CHECK(upstream->lines.back()->state.id == "chat");
  CHECK(upstream->turns.back().text == "hello");
}

TEST_CASE_FIXTURE(fixture, "a forced refresh asks the upstream even if the list is new") {
  give_models({"Orange Cat"});
  CHECK(get<model_list>(atom::models_v).models.size() == 1);
  CHECK(upstream->model_queries.empty());
  pass(1s);
  model_list fresh;
  system().spawn(
      [&](caf::event_based_actor* self, const registry_actor& h) {
        self->request(h, caf::infinite, atom::models_v, atom::refresh_v)
            .then([&](model_list& l) { fresh = std::move(l); }, [](const caf::error&) {});
      },
      handle);
  run();
  CHECK(fresh.models.empty());
  give_models({"Orange Cat", "Tuxedo"});
  CHECK(fresh.upstream_names == strings{"Orange Cat", "Tuxedo"});
}

TEST_CASE_FIXTURE(fixture, "forced refreshes ask the upstreams once a second at most") {
  give_models({"Orange Cat"});
  CHECK(get<model_list>(atom::models_v, atom::refresh_v).models.size() == 1);
  CHECK(upstream->model_queries.empty());
}

TEST_CASE_FIXTURE(fixture, "aliases can be replaced at run time") {
  give_models({"Orange Cat", "Exotic Shorthair"});
  model_aliases aliases;
  aliases.entries = {{"kitten", "Orange Cat"}};
  caf::anon_send(handle, aliases);
  run();
  ask_in("s1", "kitten");
  CHECK(upstream->turns.back().model == "Orange Cat");
  CHECK(ask_in("s2", "cat")->head.fallback);
  CHECK(get<model_list>(atom::models_v).upstream_names ==
        strings{"Orange Cat", "Exotic Shorthair"});
}

TEST_CASE_FIXTURE(
    fixture, "turns can be answered while an account works, and otherwise the reason is given") {
  give_models({"Orange Cat"});
  CHECK(get<readiness>(atom::ready_v).reasons == strings{"upstream_unknown"});
  upstream->stands.refused = 1;
  CHECK(get<readiness>(atom::ready_v).reasons == strings{"upstream_auth_failed"});
  upstream->stands.unreachable = 1;
  CHECK(get<readiness>(atom::ready_v).reasons ==
        strings{"upstream_auth_failed", "upstream_unreachable"});
  upstream->stands.working = 1;
  CHECK(get<readiness>(atom::ready_v).reasons.empty());
}

TEST_CASE_FIXTURE(fixture, "readiness reports circuit breakers and limits, by upstream") {
  give_models({"Orange Cat"});
  auto& stands = upstream->stands;
  stands.working = 1;
  CHECK(get<readiness>(atom::ready_v).upstreams[0].circuit == "closed");
  CHECK(get<readiness>(atom::ready_v).upstreams[0].reasons.empty());
  stands.limited = 1;
  stands.limits.push_back({"Orange Cat", 1, 1500ms});
  stands.breaker = circuit::phase::half_open;
  auto told = get<readiness>(atom::ready_v);
  CHECK(told.reasons.empty());
  CHECK(told.upstreams[0].circuit == "half_open");
  CHECK(told.upstreams[0].reasons == strings{"circuit_half_open", "accounts_limited"});
  REQUIRE(told.upstreams[0].limits.size() == 1);
  CHECK(told.upstreams[0].limits[0].left == 2s);
  stands.breaker = circuit::phase::open;
  CHECK(get<readiness>(atom::ready_v).reasons == strings{"upstream_unreachable"});
}

TEST_CASE_FIXTURE(fixture,
                  "while a turn waits for a list that failed, the list is requested every second") {
  begin_without_default();
  auto asked = ask_in("s1");
  for (int i = 0; i < 5; ++i) {
    refuse_models();
    CHECK(asked->log.empty());
    CHECK(upstream->model_queries.empty());
    pass(1s);
    CHECK(upstream->model_queries.size() == 1);
  }
  give_models({"Orange Cat"});
  CHECK(asked->log == strings{"begin"});
}

TEST_CASE_FIXTURE(fixture, "and for no longer than a loading upstream is waited for") {
  begin_without_default();
  auto asked = ask_in("s1");
  for (int i = 0; i < 59; ++i) {
    refuse_models();
    pass(1s);
  }
  CHECK(asked->log.empty());
  refuse_models();
  pass(1s);
  CHECK(asked->log == strings{"failed"});
  pass(1min);
  CHECK(upstream->model_queries.empty()); // No turn waits for it any more.
}

TEST_CASE_FIXTURE(fixture, "a list that will not come is not waited for") {
  begin_without_default();
  auto asked = ask_in("s1");
  refuse_models(chat::failure_code::upstream_auth_failed, false);
  CHECK(asked->log == strings{"failed"});
  CHECK(asked->error.code == chat::failure_code::upstream_auth_failed);
}

TEST_CASE_FIXTURE(fixture, "a lone OpenAI-compatible upstream needs no list for a named model") {
  upstream->can.speaks_openai = true;
  ask_in("s1", "llama");
  CHECK(upstream->turns.back().model == "llama");
}

TEST_CASE_FIXTURE(fixture,
                  "a question for readiness makes the registry try a failed upstream again") {
  refuse_models();
  upstream->stands.unreachable = 1;
  get<readiness>(atom::ready_v);
  CHECK(upstream->model_queries.empty());
  pass(options.models_retry);
  get<readiness>(atom::ready_v);
  REQUIRE(upstream->model_queries.size() == 1);
  // Even while the list is still good: the question is whether the account works.
  give_models({"Orange Cat"});
  upstream->stands = {};
  upstream->stands.unreachable = 1;
  pass(options.models_retry);
  get<readiness>(atom::ready_v);
  CHECK(upstream->model_queries.size() == 1);
}

TEST_CASE_FIXTURE(fixture, "a client that sends the whole conversation continues in its session") {
  give_models({"Orange Cat"});
  auto first = ask(telling({"hello"}));
  CHECK(first->head.match == session_match::fresh);
  answer(*this, "meow");
  auto second = ask(telling({"hello", "meow ", "and then?"}));
  CHECK(second->head.match == session_match::transcript);
  CHECK(second->head.session_id == first->head.session_id);
  CHECK(upstream->log.back() == "begin and then?");
  answer(*this, "purr");
  CHECK(ask(telling({"hello", "meow", "and then?", "purr", "go on"}))->head.session_id ==
        first->head.session_id);
}

TEST_CASE_FIXTURE(fixture, "so does a client that names its users") {
  give_models({"Orange Cat"});
  auto named = [](const strings& texts) {
    auto request = telling(texts);
    for (auto& m : request->messages)
      if (m.speaker == chat::role::user)
        m.more = "name=\"Tom\"\n";
    return request;
  };
  auto first = ask(named({"hello"}));
  answer(*this, "meow");
  CHECK(ask(named({"hello", "meow", "two"}))->head.session_id == first->head.session_id);
}

TEST_CASE_FIXTURE(fixture,
                  "two sessions with the same conversation each continue with one client") {
  give_models({"Orange Cat"});
  auto first = ask(telling({"hello"}));
  answer(*this, "meow");
  auto twin = ask(telling({"hello"}));
  answer(*this, "meow");
  auto next = ask(telling({"hello", "meow", "one"}));
  auto last = ask(telling({"hello", "meow", "two"}));
  CHECK(next->head.match == session_match::transcript);
  CHECK(last->head.match == session_match::transcript);
  CHECK(std::set{next->head.session_id, last->head.session_id} ==
        std::set{first->head.session_id, twin->head.session_id});
}

TEST_CASE_FIXTURE(fixture, "a repetition reaches its session before that is stored") {
  give_models({"Orange Cat"});
  auto request = telling({"hello"});
  request->retries.count = 0;
  auto first = ask(request);
  leave(*first);
  auto again = std::make_shared<chat::request>(*request);
  again->retries.count = 1;
  auto second = ask(again);
  CHECK(second->head.session_id == first->head.session_id);
  CHECK(ask(again, "other tenant")->head.session_id != first->head.session_id);
  CHECK(ask(request)->head.session_id != first->head.session_id);
  CHECK(upstream->log == strings{"begin hello", "begin hello", "begin hello"});
}

TEST_CASE_FIXTURE(fixture, "clients that say the same never share a session by repeating it") {
  give_models({"Orange Cat"});
  for (const auto& texts : {strings{"hello"}, strings{"hello", "meow", "two"}}) {
    const auto begun = upstream->log.size();
    std::set<std::string> sessions;
    const auto ask_nth = [&](unsigned count) {
      auto request = telling(texts);
      request->retries.count = count;
      auto record = ask(request);
      sessions.insert(record->head.session_id);
      return record;
    };
    leave(*ask_nth(0));
    leave(*ask_nth(0));
    ask_nth(1); // Of the newest.
    CHECK(sessions.size() == 2);
    ask_nth(1); // Its answer has a reader.
    CHECK(sessions.size() == 3);
    answer(*this, "meow");
    ask_nth(1); // One with that count got the answer.
    CHECK(sessions.size() == 4);
    CHECK(upstream->log.size() > begun);
  }
}

TEST_CASE_FIXTURE(fixture, "a repetition among equal requests is of the newest one") {
  give_models({"Orange Cat"});
  auto request = telling({"hello"});
  request->retries.count = 0;
  auto again = std::make_shared<chat::request>(*request);
  again->retries.count = 1;
  auto first = ask(request);
  answer(*this, "meow");
  auto twin = ask(request);
  leave(*twin);
  CHECK(ask(again)->head.session_id == twin->head.session_id);
  upstream->lines.back()->fail(chat::failure_code::upstream_error);
  run();
  auto last = ask(again);
  CHECK(last->log == strings{"begin"});
  CHECK_FALSE(last->head.replayed);
  CHECK(last->head.session_id != first->head.session_id);
}

TEST_CASE_FIXTURE(fixture, "the next turn waits while the last one is being settled") {
  give_models({"Orange Cat"});
  auto first = ask(telling({"hello"}));
  answer(*this, "meow", false);
  auto second = ask(telling({"hello", "meow", "and then?"}));
  CHECK(second->log.empty());
  upstream->lines.back()->end_settling();
  run();
  CHECK(second->head.session_id == first->head.session_id);
}

TEST_CASE_FIXTURE(
    fixture, "a request that does not continue a conversation begins a session with its history") {
  give_models({"Orange Cat"});
  auto first = ask(telling({"hello"}));
  answer(*this, "meow");
  ask(telling({"hello", "meow", "two"}));
  answer(*this, "purr");
  const strings others[] = {
      {"hello", "meow", "two"},                  // Regenerated.
      {"hello", "meow", "another"},              // Edited.
      {"two", "purr", "three"},                  // Cut at the front.
      {"hello", "Meow", "two", "purr", "three"}, // An answer changed.
  };
  for (const auto& texts : others) {
    auto other = ask(telling(texts));
    CHECK(other->head.match == session_match::seeded);
    CHECK(other->head.session_id != first->head.session_id);
    CHECK(upstream->seeded_texts.back().find(texts.front()) != std::string::npos);
  }
  CHECK(ask(telling({"hello", "meow", "two", "purr", "three"}))->head.session_id ==
        first->head.session_id);
}

TEST_CASE_FIXTURE(fixture, "of two equal requests one continues, the other begins a new session") {
  give_models({"Orange Cat"});
  auto first = ask(telling({"hello"}));
  answer(*this, "meow");
  auto a = ask(telling({"hello", "meow", "two"}));
  auto b = ask(telling({"hello", "meow", "two"}));
  CHECK(a->head.session_id == first->head.session_id);
  CHECK(b->head.match == session_match::seeded);
  CHECK(upstream->lines.size() == 2);
}

TEST_CASE_FIXTURE(fixture, "a regenerated answer after a break goes to another chat") {
  give_models({"Orange Cat"});
  auto first = ask(telling({"hello"}));
  answer(*this, "meow");
  auto request = telling({"hello", "meow", "two"});
  auto record = std::make_shared<test::reply_record>();
  auto reply = test::spawn_recording_reply(system(), record);
  open_turn t;
  t.request = request;
  caf::anon_send(handle, atom::open_v, t, reply);
  run();
  REQUIRE(record->head.session_id == first->head.session_id);
  test::leave_reply(reply);
  run();
  auto again = ask(request);
  CHECK(again->head.match == session_match::seeded);
  CHECK(again->head.session_id != first->head.session_id);
}

TEST_CASE_FIXTURE(fixture,
                  "a message that was certainly not accepted goes to the same chat again") {
  give_models({"Orange Cat"});
  auto first = ask(telling({"hello"}));
  answer(*this, "meow");
  ask(telling({"hello", "meow", "two"}));
  upstream->lines.back()->fail(chat::failure_code::rate_limit_exceeded);
  run();
  CHECK(ask(telling({"hello", "meow", "two"}))->head.session_id == first->head.session_id);
}

TEST_CASE_FIXTURE(fixture, "a session that has left memory is recognised, and taken once") {
  give_models({"Orange Cat"});
  auto first = ask(telling({"hello"}));
  answer(*this, "meow");
  pass(60s);
  pass(60s);
  REQUIRE(upstream->lines.empty());
  auto record = std::make_shared<test::reply_record>();
  auto other = std::make_shared<test::reply_record>();
  for (const auto& r : {record, other}) {
    open_turn t;
    t.request = telling({"hello", "meow", "two"});
    caf::anon_send(handle, atom::open_v, t, test::spawn_recording_reply(system(), r));
  }
  run();
  CHECK(record->head.match == session_match::transcript);
  CHECK(record->head.session_id == first->head.session_id);
  CHECK(other->head.match == session_match::seeded);
}

TEST_CASE_FIXTURE(fixture, "the same conversation of two tenants is two conversations") {
  give_models({"Orange Cat"});
  auto a = ask(telling({"hello"}), "a");
  answer(*this, "meow");
  auto b = ask(telling({"hello", "meow", "two"}), "b");
  CHECK(b->head.match == session_match::seeded);
  CHECK(b->head.session_id != a->head.session_id);
  CHECK(ask(telling({"hello", "meow", "two"}), "a")->head.session_id == a->head.session_id);
}

TEST_CASE_FIXTURE(fixture, "a named session is recognised by its last conversation") {
  give_models({"Orange Cat"});
  auto named = [](strings texts) {
    auto request = telling(texts);
    request->session_id = "mine";
    return request;
  };
  ask(named({"hello"}));
  answer(*this, "meow");
  ask(named({"two"}));
  answer(*this, "purr");
  CHECK(ask(telling({"hello", "meow", "two", "purr", "three"}))->head.session_id == "mine");
  answer(*this, "hiss");
  ask(named({"something", "else", "four"}));
  CHECK(upstream->turns.back().new_chat);
  answer(*this, "meow");
  CHECK(ask(telling({"something", "else", "four", "meow", "five"}))->head.session_id == "mine");
}

TEST_CASE_FIXTURE(fixture, "a chat program's request for a title stays out of the conversation") {
  give_models({"Orange Cat"});
  auto first = ask(telling({"hello"}));
  answer(*this, "meow");
  auto title = telling({"hello", "meow", "Please generate a title for this conversation"});
  title->stream = false;
  CHECK(ask(title)->head.session_id != first->head.session_id);
  CHECK(ask(telling({"hello", "meow", "two"}))->head.session_id == first->head.session_id);
}

namespace {

/// The same request with that `X-Session-Id`.
std::shared_ptr<chat::request> under(const std::string& header,
                                     std::shared_ptr<chat::request> request) {
  request->session_header = header;
  return request;
}

} // namespace

TEST_CASE_FIXTURE(fixture, "requests of one scope stay apart, and run side by side") {
  give_models({"Orange Cat"});
  auto first = ask(under("ses_1", telling({"hello"})));
  auto second = ask(under("ses_1", telling({"something else"})));
  CHECK(first->log == strings{"begin"});
  CHECK(second->log == strings{"begin"});
  CHECK(first->head.match == session_match::fresh);
  CHECK(first->head.session_id != second->head.session_id);
  CHECK(first->head.session_id != "ses_1");
}

TEST_CASE_FIXTURE(fixture, "a conversation is recognised within its scope only") {
  give_models({"Orange Cat"});
  auto first = ask(under("ses/1 x", telling({"hello"})));
  answer(*this, "meow");
  const strings next{"hello", "meow", "two"};
  CHECK(ask(telling(next))->head.match == session_match::seeded);
  CHECK(ask(under("ses_2", telling(next)))->head.match == session_match::seeded);
  CHECK(ask(under("ses/1 x", telling(next)), "b")->head.match == session_match::seeded);
  auto second = ask(under("ses/1 x", telling(next)));
  CHECK(second->head.session_id == first->head.session_id);
  auto& line = *upstream->lines.front();
  line.say("purr");
  line.end_answer();
  run();
  line.end_settling();
  run();
  pass(60s);
  pass(60s);
  const strings last{"hello", "meow", "two", "purr", "three"};
  CHECK(ask(telling(last))->head.match == session_match::seeded);
  CHECK(ask(under("ses/1 x", telling(last)))->head.session_id == first->head.session_id);
}

TEST_CASE_FIXTURE(fixture, "a header that names an existing session continues it") {
  give_models({"Orange Cat"});
  auto first = ask(telling({"hello"}));
  answer(*this, "meow");
  const auto id = first->head.session_id;
  auto second = ask(under(id, telling({"two"})));
  CHECK(second->head.match == session_match::explicit_id);
  CHECK(second->head.session_id == id);
  answer(*this, "purr");
  CHECK(ask(under(id, telling({"two"})), "b")->head.session_id != id);
  pass(60s);
  pass(60s);
  CHECK(ask(under(id, telling({"three"})))->head.session_id == id);
  // Then it is not a scope.
  answer(*this, "hiss");
  CHECK(ask(telling({"hello", "meow", "two", "purr", "three", "hiss", "four"}))->head.session_id ==
        id);
}

TEST_CASE_FIXTURE(fixture, "a name in the body has precedence over the header") {
  give_models({"Orange Cat"});
  ask_in("other");
  answer(*this, "meow");
  auto request = under("other", telling({"hello"}));
  request->session_id = "mine";
  CHECK(ask(request)->head.session_id == "mine");
}

TEST_CASE_FIXTURE(fixture,
                  "a session with a turn on its way is not found by its earlier conversation") {
  give_models({"Orange Cat"});
  auto first = ask(telling({"hello"}));
  answer(*this, "meow");
  ask_in(first->head.session_id);
  session_report late;
  late.info.id = first->head.session_id;
  late.tip = conversation_tip::of(
      digest->extend(digest->extend("", chat::role::user, "hello"), chat::role::assistant, "meow"));
  late.turns = 1;
  caf::anon_send(handle, atom::changed_v, late);
  run();
  CHECK(ask(telling({"hello", "meow", "two"}))->head.match == session_match::seeded);
}

TEST_CASE_FIXTURE(fixture, "more answers than a text-only upstream can give are refused") {
  give_models({"Orange Cat"});
  auto asking = [&](std::uint32_t n) {
    auto request = test::request_saying("hello");
    request->choices = n;
    return ask(std::move(request));
  };
  CHECK(asking(8)->log == strings{"begin"});
  auto refused = asking(9);
  CHECK(refused->log == strings{"failed"});
  CHECK(refused->error.code == chat::failure_code::unsupported_parameter);
  CHECK(refused->error.param == "n");
  CHECK(refused->error.detail.find("at most 8") != std::string::npos);
  upstream->can.speaks_openai = true;
  CHECK(asking(9)->log == strings{"begin"});
}

TEST_CASE_FIXTURE(fixture, "further answers are counted if each costs a turn") {
  give_models({"Orange Cat"});
  std::vector<std::uint32_t> counted;
  std::optional<chat::failure> refusal;
  auto asking = [&](std::uint32_t n) {
    auto record = std::make_shared<test::reply_record>();
    auto request = test::request_saying("hello");
    request->choices = n;
    open_turn t;
    t.request = std::move(request);
    t.count_further = [&](std::uint32_t turns) {
      counted.push_back(turns);
      return refusal;
    };
    caf::anon_send(handle, atom::open_v, t, test::spawn_recording_reply(system(), record));
    run();
    return record;
  };
  CHECK(asking(1)->log == strings{"begin"});
  CHECK(counted.empty());
  CHECK(asking(3)->log == strings{"begin"});
  CHECK(counted == std::vector<std::uint32_t>{2});
  refusal = chat::failure_code::rate_limit_exceeded;
  CHECK(asking(3)->log == strings{"failed"});
  upstream->can.speaks_openai = true;
  CHECK(asking(3)->log == strings{"begin"});
  CHECK(counted == std::vector<std::uint32_t>{2, 2});
}
