#include "actors/session/answer_log.hpp"
#include "actors/session/conversation/chat_memory.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace nekod;
using chat::role;
using messages = std::vector<chat::message>;

namespace {

session_conversation::found how_found(bool named) {
  return named ? session_conversation::found::by_name
               : session_conversation::found::by_conversation;
}

const chat::message sys{role::system, "be kind"};
const chat::message brief{role::system, "be brief"};
const chat::message u1{role::user, "one"};
const chat::message a1{role::assistant, "first"};
const chat::message u2{role::user, "two"};
const chat::message a2{role::assistant, "second"};
const chat::message u3{role::user, "three"};

struct fixture {
  /// Begins a turn.
  /// @returns what the chat there is, or else a new one, is told.
  std::pair<std::string, std::string> ask(messages all, bool named = true) {
    chat::request r;
    r.messages = std::move(all);
    r.made_of_items = made_of_items;
    const auto told = it.begin(r, digest->of(r), how_found(named));
    REQUIRE(told);
    return {told->new_chat ? "new chat" : "goes on",
            told->new_chat ? it.seeded_text() : told->text};
  }

  /// A turn that is answered with *answer*.
  std::pair<std::string, std::string> turn(messages all, const std::string& answer,
                                           bool named = true) {
    auto told = ask(std::move(all), named);
    it.answered({role::assistant, answer});
    return told;
  }

  /// What a chat is told that has to be told everything.
  static std::string seeded(const std::string& prompt, const std::string& turns,
                            const std::string& text) {
    return (prompt.empty() ? "" : "[Instructions]\n" + prompt + "\n\n") +
           (turns.empty() ? "" : "[Conversation so far]\n" + turns) + "[New message]\n" + text;
  }

  static std::pair<std::string, std::string> goes_on(const std::string& text) {
    return {"goes on", text};
  }
  static std::pair<std::string, std::string> anew(const std::string& text) {
    return {"new chat", text};
  }

  conversation_tip tip_of(const messages& all) const {
    return conversation_tip::of(digest->of(all));
  }

  /// As after a restart.
  void reload() { it = chat_memory{digest, it.take()}; }

  std::shared_ptr<const conversation_digest> digest = std::make_shared<conversation_digest>("key");
  chat_memory it{digest};
  bool made_of_items = false;
};

const std::string one = "User: one\n\nAssistant: first\n\n";
const std::string two = "User: two\n\nAssistant: second\n\n";

} // namespace

TEST_CASE_FIXTURE(fixture, "only the new part follows in the chat") {
  CHECK(turn({sys, u1}, "first") == goes_on("one"));
  CHECK(it.tip() == tip_of({sys, u1, a1}));
  CHECK(turn({u2}, "second") == goes_on("two"));
  CHECK(it.tip() == tip_of({sys, u1, a1, u2, a2}));
  reload();
  CHECK(ask({u3}) == goes_on("three"));
  CHECK(it.seeded_text() == seeded("be kind", one + two, "three"));
}

TEST_CASE_FIXTURE(fixture, "the store gets what a turn adds, and what it replaces") {
  turn({sys, u1}, "first");
  CHECK(it.take_changes().messages.added.size() == 3);
  turn({u2}, "second");
  const auto second = it.take_changes().messages;
  CHECK(second.kept == 3);
  CHECK(second.added.size() == 2);
  turn({sys, u1, a1, u3}, "third"); // Takes back the second turn.
  const auto third = it.take_changes().messages;
  CHECK(third.kept == 3);
  CHECK(third.added.size() == 2);
  CHECK(it.take_changes().messages.added.empty());
  it.doubt_store();
  CHECK(it.take_changes().messages.added.size() == 5);
  reload();
  CHECK(it.take_changes().messages.added.empty());
}

TEST_CASE_FIXTURE(fixture,
                  "beyond its limit it drops many messages at once, so that most turns only add") {
  std::size_t rewritten = 0;
  for (auto i = 0; i < 500; ++i) {
    turn({{role::user, std::string(500, 'x')}}, "meow");
    rewritten += it.take_changes().messages.kept == 0 ? 1 : 0;
  }
  CHECK(rewritten < 500 / 20);
}

TEST_CASE_FIXTURE(fixture, "the prompt that the chat already has may be repeated") {
  turn({sys, u1}, "first");
  CHECK(turn({sys, u2}, "second") == goes_on("two"));
  CHECK(it.tip() == tip_of({sys, u1, a1, u2, a2}));
}

TEST_CASE_FIXTURE(fixture, "another prompt takes the conversation to a new chat") {
  turn({sys, u1}, "first");
  reload();
  CHECK(turn({brief, u2}, "second") == anew(seeded("be brief", one, "two")));
  CHECK(it.tip() == tip_of({brief, u1, a1, u2, a2}));
  CHECK(ask({brief, u3}) == goes_on("three"));
}

TEST_CASE_FIXTURE(fixture, "so does a first prompt after none") {
  turn({u1}, "first");
  CHECK(turn({sys, u2}, "second") == anew(seeded("be kind", one, "two")));
  CHECK(it.tip() == tip_of({sys, u1, a1, u2, a2}));
}

TEST_CASE_FIXTURE(fixture, "a repeated conversation continues in the chat") {
  turn({sys, u1}, "first");
  turn({u2}, "second");
  CHECK(ask({sys, u1, a1, u2, a2, u3}) == goes_on("three"));
  CHECK(ask({u1, a1, u2, a2, u3}) == goes_on("three"));
  CHECK(ask({u2, a2, u3}) == goes_on("three"));
  CHECK(turn({{role::assistant, "second \n"}, u3}, "third") == goes_on("three"));
  CHECK(it.tip() == tip_of({sys, u1, a1, u2, a2, u3, {role::assistant, "third"}}));
  CHECK(ask({brief, {role::assistant, "third"}, u1}).first == "new chat");
}

TEST_CASE_FIXTURE(fixture,
                  "another course of the conversation goes to a new chat, without the old one") {
  turn({sys, u1}, "first");
  turn({u2}, "second");
  CHECK(ask({sys, u1, a1, u3}) == anew(seeded("be kind", one, "three")));
  CHECK(ask({u1, a1, u3}) == anew(seeded("", one, "three")));
  CHECK(turn({{role::user, "x"}, a1, u3}, "third") ==
        anew(seeded("", "User: x\n\nAssistant: first\n\n", "three")));
  CHECK(it.tip() == tip_of({{role::user, "x"}, a1, u3, {role::assistant, "third"}}));
  CHECK(ask({u2}) == goes_on("two"));
}

TEST_CASE_FIXTURE(fixture, "a client that names no session sends the whole conversation") {
  turn({u1}, "first", false);
  CHECK(ask({u1, a1, u2}, false) == goes_on("two"));
  CHECK(ask({u2}, false) == anew("two"));
}

TEST_CASE_FIXTURE(fixture, "several new messages are sent together, in their order") {
  CHECK(turn({u1, u2}, "first") == goes_on("one\n\ntwo"));
  CHECK(it.tip() == tip_of({u1, u2, a1}));
  CHECK(ask({{role::tool, "sunny"}, u3}) == goes_on("Tool: sunny\n\nthree"));
  CHECK(ask({u1, u2, a1, sys, u3}) == goes_on("be kind\n\nthree"));
}

TEST_CASE_FIXTURE(fixture, "an answer replaces the prefill that it begins with") {
  CHECK(turn({u1, {role::assistant, "The "}}, "The cat") == goes_on("one\n\nAssistant: The "));
  CHECK(it.tip() == tip_of({u1, {role::assistant, "The cat"}}));
  CHECK(ask({u1, {role::assistant, "The cat"}, u2}) == goes_on("two"));
  turn({u1, {role::assistant, "The "}}, "dog");
  CHECK(it.tip() == tip_of({u1, {role::assistant, "The dog"}}));
}

TEST_CASE_FIXTURE(fixture, "a turn that reached nobody leaves the conversation as it was") {
  turn({sys, u1}, "first");
  const auto tip = it.tip();
  ask({brief, u2});
  it.broken_off("", false);
  CHECK(it.tip() == tip);
  CHECK(it.take_changes().chat_goes_on);
  CHECK(ask({sys, u2}) == goes_on("two"));
}

TEST_CASE_FIXTURE(fixture,
                  "if a new chat may have got a turn that failed silently, another chat is begun") {
  turn({sys, u1}, "first");
  ask({brief, u2});
  it.broken_off("", true);
  CHECK_FALSE(it.tip().is_recognisable());
  CHECK_FALSE(it.take_changes().chat_goes_on);
  CHECK(turn({u2}, "second") == anew(seeded("be kind", one, "two")));
  CHECK(it.take_changes().chat_goes_on);
  CHECK(ask({u3}) == goes_on("three"));
}

TEST_CASE_FIXTURE(fixture, "a partial answer is remembered, and its session found by name") {
  turn({u1}, "first");
  ask({u2});
  it.broken_off("sec", true);
  CHECK_FALSE(it.tip().is_recognisable());
  CHECK(ask({u3}) == goes_on("three"));
  CHECK(it.seeded_text() == seeded("", one + "User: two\n\nAssistant: sec\n\n", "three"));
}

TEST_CASE_FIXTURE(fixture, "an unknown prompt is that of the texts, if there are any") {
  turn({sys, u1}, "first");
  auto kept = it.take();
  kept.prompt.reset();
  it = chat_memory{digest, kept};
  CHECK(ask({sys, u2}) == goes_on("two"));
  CHECK(ask({brief, u2}).first == "new chat");
  kept.transcript.clear();
  it = chat_memory{digest, kept};
  CHECK(ask({brief, u2}) == goes_on("two"));
}

TEST_CASE_FIXTURE(fixture, "the user's messages are counted by their text") {
  turn({u1}, "first");
  turn({u1}, "second");
  ask({u1});
  CHECK(it.times_said() == 2);
  ask({u2});
  CHECK(it.times_said() == 0);
}

TEST_CASE_FIXTURE(fixture, "after an answer that may lack its beginning it is found by name only") {
  turn({u1}, std::string(max_rereadable_bytes - 1, 'x'));
  CHECK(it.tip().is_known());
  turn({u2}, std::string(max_rereadable_bytes, 'x'));
  CHECK_FALSE(it.tip().is_recognisable());
}

TEST_CASE_FIXTURE(fixture,
                  "a turn that was not stored leaves no trace, and its chat is not used again") {
  turn({sys, u1}, "first");
  it.take_changes();
  it.committed();
  turn({u2}, "second");
  it.take_changes();
  it.doubt_store();
  it.commit_failed();
  CHECK(it.tip() == tip_of({sys, u1, a1}));
  CHECK(it.transcript().size() == 3);
  CHECK_FALSE(it.take_changes().chat_goes_on);
  CHECK(turn({u2}, "second") == anew(seeded("be kind", one, "two")));
  CHECK(it.tip() == tip_of({sys, u1, a1, u2, a2}));
  CHECK(it.take_changes().messages.kept == 3);
  CHECK(ask({u3}) == goes_on("three"));
}

TEST_CASE_FIXTURE(fixture, "after a first turn that was not stored the conversation begins again") {
  turn({sys, u1}, "first");
  it.take_changes();
  it.doubt_store();
  it.commit_failed();
  CHECK(it.tip() == conversation_tip{});
  CHECK(ask({u2}) == anew("two"));
}

TEST_CASE_FIXTURE(fixture,
                  "an assistant message at the end that is no prefill stays a message of its own") {
  made_of_items = true;
  const chat::message partial{role::assistant, "The "};
  CHECK(turn({u1, partial}, "cat") == goes_on("one\n\nAssistant: The "));
  CHECK(it.tip() == tip_of({u1, partial, {role::assistant, "cat"}}));
  CHECK(it.transcript().size() == 3);
  CHECK(ask({u1, partial, {role::assistant, "cat"}, u2}, false) == goes_on("two"));
  turn({u1, {role::assistant, "The "}}, "The dog");
  CHECK(it.tip() == tip_of({u1, partial, {role::assistant, "The dog"}}));
}

TEST_CASE_FIXTURE(fixture, "the beginning of a conversation that repeats itself undoes its end") {
  turn({u1}, "first");
  turn({u1}, "first");
  CHECK(ask({u1, a1, u1}) == anew(seeded("", one, "one")));
  CHECK(ask({u1, a1, u1, a1, u2}) == goes_on("two"));
}
