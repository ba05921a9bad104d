#include "actors/session/session.hpp"
#include "tests/unit/support/session_fixture.hpp"

#include <doctest/doctest.h>

namespace {

using namespace nekod;
using namespace std::chrono_literals;
using strings = std::vector<std::string>;

struct fixture : test::session_fixture {
  asked ask_limited(const std::string& text, std::uint32_t choices, const strings& stop) {
    auto request = test::request_saying(text);
    request->choices = choices;
    request->limits.stop = stop;
    request->stream = true;
    return ask(request);
  }

  /// The reply of the first chat has one answer: others have to bring the rest.
  void tell_one_answer() {
    line().happen([this] { line().listener.on_alternatives(1); });
    run();
  }

  double turns(turn_outcome o) const { return options.counts->turns[o].Value(); }

  session_record stored() { return stored_record().value_or(session_record{}); }
};

} // namespace

TEST_CASE_FIXTURE(
    fixture,
    "after a cut answer the next turn begins a new chat, with the text that the client got") {
  start();
  auto a = ask_limited("hello", 1, {"END"});
  line().say("meow E");
  line().say("ND purr");
  run();
  CHECK(a.record->log == strings{"begin", "delta meow ", "finish"});
  CHECK(upstream->log == strings{"begin hello", "let go", "settle"});
  CHECK(stored().chat.id.empty());
  line().end_settling();
  run();
  std::string known = "none was opened";
  upstream->opened = [&](const upstream_chat& chat) { known = chat.id; };
  ask("next");
  CHECK(known.empty());
  CHECK(upstream->seeded_texts.back().find("meow") != std::string::npos);
  CHECK(upstream->seeded_texts.back().find("purr") == std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "an answer that was cut before any text counts as an answer") {
  start();
  ask_limited("hello", 1, {"END"});
  line().say("END");
  run();
  line().end_settling();
  run();
  ask("next");
  CHECK(upstream->seeded_texts.back().find("hello") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "turns with and without limits continue in one chat") {
  start();
  ask_limited("one", 1, {"END"});
  answer("meow");
  strings known;
  upstream->opened = [&](const upstream_chat& chat) { known.push_back(chat.id); };
  ask("two");
  answer("meow");
  ask_limited("three", 1, {"END"});
  answer("meow");
  ask_limited("four", 1, {"END"});
  CHECK(known == strings{"chat", "chat"});
}

TEST_CASE_FIXTURE(fixture, "of several answers the first is the session's") {
  start();
  auto a = ask_limited("hello", 2, {});
  tell_one_answer();
  auto& further = *upstream->lines.at(1);
  further.say("purr");
  line().say("meow");
  further.end_answer();
  line().end_answer();
  run();
  CHECK(a.record->log.back() == "finish");
  CHECK(turns(turn_outcome::answered) == 2);
  line().end_settling();
  run();
  CHECK(upstream->lines.size() == 1);
  CHECK(stored().chat.id == "chat");
  ask("next");
  CHECK(upstream->seeded_texts.back().find("meow") != std::string::npos);
  CHECK(upstream->seeded_texts.back().find("purr") == std::string::npos);
}

TEST_CASE_FIXTURE(fixture,
                  "a failed turn of several answers leaves no trace, and its chat is left") {
  start();
  ask("before");
  answer("meow");
  CHECK(stored().chat.id == "chat");
  auto a = ask_limited("hello", 2, {});
  tell_one_answer();
  line().say("pu");
  upstream->lines.at(1)->fail(chat::failure_code::upstream_error);
  run();
  pass(1ms);
  CHECK(a.record->log.back() == "failed");
  CHECK(turns(turn_outcome::failed) == 2);
  CHECK(stored().chat.id.empty());
  ask("next");
  CHECK(upstream->seeded_texts.back().find("meow") != std::string::npos);
  CHECK(upstream->seeded_texts.back().find("pu") == std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "a client that leaves ends all of its answers") {
  start();
  auto a = ask_limited("hello", 3, {});
  tell_one_answer();
  line().say("pu");
  run();
  CHECK(upstream->lines.size() == 3);
  upstream->log.clear();
  leave(a);
  CHECK(upstream->log == strings{"cancel, left", "cancel, left", "cancel, left", "let go"});
  CHECK(upstream->lines.size() == 1);
  CHECK(turns(turn_outcome::cancelled) == 3);
}

TEST_CASE_FIXTURE(fixture, "an upstream that speaks the OpenAI API obeys limits by itself") {
  upstream->can.speaks_openai = true;
  start();
  auto a = ask_limited("hello", 2, {"END"});
  line().say("meow END");
  line().end_answer();
  run();
  CHECK(a.record->log == strings{"begin", "delta meow END", "finish"});
  CHECK(turns(turn_outcome::answered) == 1);
}
