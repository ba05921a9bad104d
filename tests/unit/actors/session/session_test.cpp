#include "protocol/openai/upstream/whole_messages.hpp"
#include "tests/unit/support/log_reading.hpp"
#include "tests/unit/support/parsed_request.hpp"
#include "tests/unit/support/session_fixture.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

namespace {

using namespace nekod;
using namespace std::chrono_literals;
using strings = std::vector<std::string>;
using fixture = test::session_fixture;

} // namespace

TEST_CASE_FIXTURE(fixture, "a turn goes to the upstream and its text to the reply") {
  start();
  auto a = ask("hello");
  CHECK(upstream->log == strings{"begin hello"});
  line().say("hi");
  line().end_answer();
  run();
  CHECK(a.record->log == strings{"begin", "delta hi", "finish"});
  CHECK(a.record->head.session_id == "s1");
  CHECK(upstream->log == strings{"begin hello", "settle"});
}

TEST_CASE_FIXTURE(fixture, "the answer ends only after its record is committed") {
  use_slow_store();
  start();
  auto a = ask("hello");
  line().say("hi");
  line().end_answer();
  run();
  CHECK(a.record->log == strings{"begin", "delta hi"});
  let_store_commit();
  CHECK(a.record->log.back() == "finish");
}

TEST_CASE_FIXTURE(fixture, "an answer whose record cannot be committed fails") {
  use_slow_store();
  start();
  auto a = ask("hello");
  line().end_answer();
  run();
  pass(10s); // The store never answers.
  CHECK(a.record->log == strings{"begin", "failed"});
  CHECK(a.record->error.code == chat::failure_code::store_unavailable);
}

TEST_CASE_FIXTURE(fixture, "a turn begins only once the one before is settled") {
  start();
  auto first = ask("one");
  auto second = ask("two");
  CHECK(upstream->log == strings{"begin one"});
  line().end_answer();
  run();
  CHECK(first.record->log.back() == "finish");
  CHECK(upstream->log == strings{"begin one", "settle"});
  line().end_settling();
  run();
  CHECK(upstream->log == strings{"begin one", "settle", "begin two"});
  CHECK(second.record->log == strings{"begin"});
}

TEST_CASE_FIXTURE(fixture,
                  "a turn that arrives while the one before is committed or settled waits") {
  use_slow_store();
  start();
  ask("one");
  line().end_answer();
  run();
  ask("two");
  CHECK(upstream->log == strings{"begin one"});
  let_store_commit();
  ask("three");
  CHECK(upstream->log == strings{"begin one", "settle"});
  line().end_settling();
  run();
  CHECK(upstream->log == strings{"begin one", "settle", "begin two"});
}

TEST_CASE_FIXTURE(fixture,
                  "a change waits while a turn is settled, and is refused while one is answered") {
  start();
  ask("one");
  conversation_edit noted;
  noted.id = registry->infos.back().conversation;
  noted.metadata = R"({"a":"b"})";
  caf::scoped_actor client{system()};
  auto outcome_of = [&](auto& answer) {
    std::optional<edit_outcome> result;
    answer.receive([&](edit_outcome& o) { result = std::move(o); }, [](const caf::error&) {});
    REQUIRE(result);
    return result->refused;
  };
  auto early = client->request(handle, caf::infinite, atom::edit_v, noted);
  run();
  CHECK(outcome_of(early)->code == chat::failure_code::conversation_locked);
  line().end_answer();
  run();
  auto late = client->request(handle, caf::infinite, atom::edit_v, noted);
  run();
  line().end_settling();
  run();
  CHECK_FALSE(outcome_of(late));
  CHECK(stored_record()->metadata == noted.metadata);
}

TEST_CASE_FIXTURE(fixture, "a turn too many is refused, and those before it continue") {
  start();
  auto running = ask("one");
  auto second = ask("two");
  auto third = ask("three");
  auto fourth = ask("four");
  CHECK(fourth.record->log == strings{"failed"});
  CHECK(fourth.record->error.code == chat::failure_code::session_busy);
  CHECK(fourth.record->error.retry_after.has_value());
  CHECK(third.record->log.empty());
  line().end_answer();
  run();
  CHECK(running.record->log.back() == "finish");
}

TEST_CASE_FIXTURE(fixture,
                  "without a queue an idle session accepts one turn, and refuses another") {
  options.queue_limit = 0;
  start();
  auto first = ask("one");
  CHECK(first.record->log == strings{"begin"});
  auto second = ask("two");
  CHECK(second.record->error.code == chat::failure_code::session_busy);
}

TEST_CASE_FIXTURE(fixture, "a client that leaves cancels its turn, and the next begins") {
  start();
  auto first = ask("one");
  auto second = ask("two");
  line().say("ha");
  test::leave_reply(first.reply);
  run();
  CHECK(upstream->log == strings{"begin one", "cancel, left", "begin two"});
}

TEST_CASE_FIXTURE(fixture, "a client that leaves the queue is never served") {
  start();
  auto first = ask("one");
  auto second = ask("two");
  test::leave_reply(second.reply);
  run();
  line().end_answer();
  run();
  line().end_settling();
  run();
  CHECK(upstream->log == strings{"begin one", "settle"});
}

TEST_CASE_FIXTURE(fixture, "a client that left before its turn reached the session is not served") {
  start();
  auto record = std::make_shared<test::reply_record>();
  auto reply = test::spawn_recording_reply(system(), record);
  test::leave_reply(reply);
  run();
  turn t;
  t.request = test::request_saying("too late");
  t.model.upstream = upstream;
  caf::anon_send(handle, atom::turn_v, t, reply);
  run();
  CHECK(upstream->log == strings{"begin too late", "cancel"});
}

TEST_CASE_FIXTURE(fixture, "a client that leaves while its answer is settled does no harm") {
  start();
  auto a = ask("one");
  line().end_answer();
  run();
  test::leave_reply(a.reply);
  run();
  CHECK(upstream->log == strings{"begin one", "settle"});
}

TEST_CASE_FIXTURE(fixture, "after a failure the session takes the next turn") {
  start();
  auto a = ask("one");
  line().fail(chat::failure_code::upstream_timeout);
  run();
  CHECK(a.record->log == strings{"begin", "failed"});
  CHECK(a.record->error.code == chat::failure_code::upstream_timeout);
  ask("two");
  CHECK(upstream->log == strings{"begin one", "begin two"});
}

TEST_CASE_FIXTURE(fixture, "deleting a session fails its running and waiting turns") {
  start();
  auto running = ask("one");
  auto waiting = ask("two");
  caf::anon_send(handle, atom::discard_v);
  run();
  CHECK(upstream->log.at(1) == "cancel");
  CHECK(running.record->error.code == chat::failure_code::session_deleted);
  CHECK(waiting.record->error.code == chat::failure_code::session_deleted);
  CHECK(upstream->lines.empty());
}

TEST_CASE_FIXTURE(fixture, "text that a reply has sent becomes room at the upstream") {
  options.credit_step = 5;
  start();
  auto a = ask("one");
  line().say("12345");
  run();
  CHECK(line().granted == 0);
  test::pieces_left(*a.record->head.answer, a.record->reader);
  CHECK(line().granted == 5);
}

TEST_CASE_FIXTURE(fixture,
                  "an answer that ends in a call of its transfer is committed by the actor") {
  start();
  auto a = ask("one");
  line().happen_in_transfer([this] { line().listener.on_answer({chat::finish_reason::stop}); });
  CHECK(upstream->log == strings{"begin one"});
  run();
  CHECK(upstream->log == strings{"begin one", "settle"});
  CHECK(a.record->log == strings{"begin", "finish"});
}

TEST_CASE_FIXTURE(fixture,
                  "an exception in a call of a transfer ends the session and fails its turn") {
  start();
  auto a = ask("one");
  line().happen_in_transfer([] { throw std::runtime_error{"broken"}; });
  run();
  CHECK(a.record->log == strings{"begin", "failed"});
  CHECK(upstream->lines.empty());
}

TEST_CASE_FIXTURE(fixture, "a session offers to leave memory after a time without turns") {
  start();
  ask("one");
  line().end_answer();
  run();
  line().end_settling();
  pass(60s);
  CHECK(registry->retiring.empty()); // It took a turn in that time.
  pass(60s);
  CHECK(registry->retiring == strings{"s1"});
}

TEST_CASE_FIXTURE(fixture, "a session does not leave memory right after a long answer") {
  start();
  ask("one");
  pass(60s);
  pass(59s);
  line().end_answer();
  run();
  line().end_settling();
  pass(1s);
  CHECK(registry->retiring.empty());
  pass(60s);
  CHECK(registry->retiring == strings{"s1"});
}

TEST_CASE_FIXTURE(fixture, "an answering session does not leave memory") {
  start();
  ask("one");
  pass(60s);
  pass(60s);
  pass(60s);
  CHECK(registry->retiring.empty());
}

TEST_CASE_FIXTURE(fixture, "a stored session continues in its chat and knows the conversation") {
  start();
  ask("one");
  line().say("first answer");
  line().end_answer();
  run();
  line().state.id = "chat";
  line().end_settling();
  run();
  caf::anon_send(handle, atom::retire_v);
  run();
  CHECK(upstream->lines.empty());
  begin_from_store();
  start();
  ask("two");
  CHECK(line().state.id == "chat");
  const auto& turn = upstream->turns.back();
  CHECK(turn.text == "two");
  const auto& seeded = upstream->seeded_texts.back();
  CHECK(seeded.find("User: one") != std::string::npos);
  CHECK(seeded.find("Assistant: first answer") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "each turn is counted once, by its outcome") {
  auto count = [this](turn_outcome o) { return options.counts->turns[o].Value(); };
  options.queue_limit = 1;
  start();
  auto a = ask("answered");
  ask("waits");
  ask("refused");
  answer("ha");
  line().fail(chat::failure_code::upstream_error);
  run();
  auto b = ask("cancelled");
  test::leave_reply(b.reply);
  run();
  CHECK(a.record->log == strings{"begin", "delta ha", "finish"});
  CHECK(count(turn_outcome::answered) == 1);
  CHECK(count(turn_outcome::refused) == 1);
  CHECK(count(turn_outcome::failed) == 1);
  CHECK(count(turn_outcome::cancelled) == 1);
}

TEST_CASE_FIXTURE(fixture, "a session is counted in one state at a time, and not after its end") {
  auto in = [this](session_phase p) { return options.counts->sessions[p].Value(); };
  start();
  CHECK(in(session_phase::idle) == 1);
  ask("one");
  CHECK(in(session_phase::idle) == 0);
  CHECK(in(session_phase::answering) == 1);
  line().end_answer();
  run();
  CHECK(in(session_phase::answering) == 0);
  CHECK(in(session_phase::settling) == 1);
  caf::anon_send(handle, atom::retire_v);
  run();
  for (auto p : {session_phase::idle, session_phase::answering, session_phase::settling})
    CHECK(in(p) == 0);
}

TEST_CASE_FIXTURE(fixture,
                  "a session that is ended during a turn keeps what it knows of its chat") {
  start();
  ask("one");
  line().say("ha");
  run();
  line().state.unsettled_message = "m1";
  caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
  run();
  const auto found = stored_record();
  REQUIRE(found);
  CHECK(found->chat.unsettled_message == "m1");
  CHECK_FALSE(found->tip.is_known());
}

TEST_CASE_FIXTURE(fixture, "answered turns are counted, and a session reports its state") {
  start();
  CHECK(registry->infos.back().state == "idle");
  ask("one");
  CHECK(registry->infos.back().state == "answering");
  CHECK_FALSE(registry->rests);
  line().fail(chat::failure_code::upstream_timeout);
  run();
  CHECK(registry->infos.back().turns == 0);
  ask("two");
  line().say("answer");
  line().end_answer();
  run();
  CHECK(registry->infos.back().state == "settling");
  CHECK(registry->infos.back().turns == 1);
  CHECK(registry->rests);
  line().end_settling();
  run();
  caf::anon_send(handle, atom::retire_v);
  run();
  begin_from_store();
  start();
  CHECK(registry->infos.back().turns == 1);
  CHECK(registry->infos.back().state == "idle");
}

TEST_CASE_FIXTURE(fixture, "a turn whose record cannot be committed is not counted as answered") {
  use_slow_store();
  start();
  ask("one");
  line().say("answer");
  line().end_answer();
  pass(10s);
  CHECK(registry->infos.back().turns == 0);
}

TEST_CASE_FIXTURE(fixture, "after a refused commit a session continues from the stored record") {
  start();
  ask("one");
  answer("first answer");
  auto other = stored_record();
  REQUIRE(other);
  session_wanted wanted;
  wanted.token = {"another", 1};
  wanted.id = "s1";
  session_commit c;
  c.token = wanted.token;
  c.version = 1;
  c.record = *other;
  c.record.chat.id = "another chat";
  c.record.chat.upstream = upstream->called;
  c.messages.kept = other->transcript.size();
  caf::anon_send(options.store, atom::take_v, wanted);
  caf::anon_send(options.store, atom::commit_v, c);
  run();
  auto two = ask("two");
  answer("second answer");
  CHECK(two.record->log.back() == "failed");
  CHECK(two.record->error.code == chat::failure_code::store_unavailable);
  std::string chat;
  upstream->opened = [&](const upstream_chat& known) { chat = known.id; };
  auto three = ask("three");
  CHECK(chat == "another chat");
  answer("third answer");
  CHECK(three.record->log.back() == "finish");
  const auto now = stored_record();
  REQUIRE(now);
  REQUIRE(now->transcript.size() == 4);
  CHECK(now->transcript[1].text == "first answer");
  CHECK(now->transcript[3].text == "third answer");
}

TEST_CASE_FIXTURE(fixture, "an expired record is not continued, a younger one is") {
  session_taken stored;
  stored.version = 1;
  auto& record = stored.record.emplace();
  record.info.id = "s1";
  record.info.created_at = recorded_now() - 1h;
  record.chat.id = "old chat";
  record.chat.upstream = upstream->called;
  use_slow_store(stored);
  begin_from_store();
  options.max_age = 59min;
  std::string chat;
  upstream->opened = [&](const upstream_chat& known) { chat = known.id; };
  start();
  ask("one");
  CHECK(chat.empty());
  CHECK(registry->infos.back().created_at > record.info.created_at);
  caf::anon_send(handle, atom::retire_v);
  run();
  options.max_age = 2h;
  start();
  ask("two");
  CHECK(chat == "old chat");
  CHECK(registry->infos.back().created_at == record.info.created_at);
}

TEST_CASE_FIXTURE(fixture,
                  "a turn for another upstream takes the conversation there, and leaves its chat") {
  auto first = upstream;
  auto second = std::make_shared<test::fake_upstream>();
  second->called = "second";
  start();
  ask("one");
  answer("first answer");
  auto late = line().context.events;
  upstream = second;
  ask("two");
  CHECK(first->lines.empty());
  // What the first still had to say is none of the second's.
  bool heard = false;
  line().happenings.push_back([&] { heard = true; });
  late(transfer_event{});
  run();
  CHECK_FALSE(heard);
  line().happenings.clear();
  CHECK(second->log == strings{"begin two"});
  CHECK(second->seeded_texts.back().find("Assistant: first answer") != std::string::npos);
  answer("second answer");
  upstream = first;
  ask("three");
  CHECK(line().state.id == "chat");
  CHECK(first->log == strings{"begin one", "settle", "begin three"});
  CHECK(first->seeded_texts.back().find("Assistant: second answer") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "between upstreams without memory a conversation moves whole") {
  const std::string call =
      R"({"role":"assistant","content":null,"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]})";
  const std::string question = R"({"role":"user","content":"one"})";
  const std::string result = R"({"role":"tool","tool_call_id":"c","content":"sunny"})";
  const auto saying = [](const std::string& message) {
    auto parsed = test::parse_request(R"({"messages":[)" + message + "]}");
    REQUIRE(parsed);
    return std::make_shared<chat::request>(std::move(*parsed));
  };
  upstream->can.stateless = true;
  start();
  ask(saying(question));
  line().end_answer(*openai::parse_message(call));
  run();
  line().end_settling();
  run();
  upstream = std::make_shared<test::fake_upstream>();
  upstream->can.stateless = true;
  ask(saying(result));
  CHECK(upstream->turns.back().messages == "[" + question + "," + call + "," + result + "]");
}

TEST_CASE_FIXTURE(fixture, "another prompt begins a new chat, also after a restart") {
  start();
  ask_with_prompt("be kind", "one");
  answer("first answer");
  CHECK_FALSE(upstream->turns.back().new_chat);
  caf::anon_send(handle, atom::retire_v);
  run();
  begin_from_store();
  start();
  ask_with_prompt("be kind", "two");
  CHECK_FALSE(upstream->turns.back().new_chat);
  answer("second answer");
  ask_with_prompt("be brief", "three");
  CHECK(upstream->turns.back().new_chat);
  CHECK(
      upstream->seeded_texts.back() ==
      "[Instructions]\nbe brief\n\n[Conversation so far]\nUser: one\n\nAssistant: first answer\n\n"
      "User: two\n\nAssistant: second answer\n\n[New message]\nthree");
}

TEST_CASE_FIXTURE(fixture, "a record's chat is used only at its own upstream") {
  start();
  ask("one");
  answer("first answer");
  caf::anon_send(handle, atom::retire_v);
  run();
  begin_from_store();
  start();
  upstream = std::make_shared<test::fake_upstream>();
  upstream->called = "second";
  std::string chat = "not asked";
  upstream->opened = [&](const upstream_chat& known) { chat = known.id; };
  ask("two");
  CHECK(chat.empty());
}

TEST_CASE_FIXTURE(
    fixture, "a turn that is given up before it was posted leaves the conversation as it was") {
  start();
  ask_counted("one", 0);
  answer("answer");
  auto found = [&] { return stored_record().value_or(session_record{}).tip; };
  const auto tip = found();
  CHECK(tip.is_known());
  auto two = ask_counted("two", 0);
  line().told = false;
  leave(two);
  pass(5s); // It does not come back.
  CHECK(upstream->log.back() == "cancel");
  CHECK(found() == tip);
  auto three = ask_counted("three", 0);
  line().told = true;
  leave(three);
  pass(5s);
  CHECK_FALSE(found().is_recognisable());
}

TEST_CASE_FIXTURE(fixture, "timers reach only the conversation that set them") {
  start();
  ask("one");
  line().context.wake(5s, 7);
  pass(5s);
  CHECK(upstream->log == strings{"begin one", "wake 7"});
  line().context.wake(5s, 8);
  answer("answer");
  upstream = std::make_shared<test::fake_upstream>();
  ask("two");
  pass(5s);
  CHECK(upstream->log == strings{"begin two"});
}
