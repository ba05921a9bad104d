#include "actors/session/conversation/whole_conversation.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"
#include "tests/unit/support/parsed_request.hpp"
#include "tests/unit/support/usual_options.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

namespace {

using namespace nekod;
using chat::failure_code;
using chat::role;

session_conversation::found how_found(bool named) {
  return named ? session_conversation::found::by_name
               : session_conversation::found::by_conversation;
}

std::string said(const char* speaker, const std::string& text) {
  return std::string{R"({"role":")"} + speaker + R"(","content":")" + text + "\"}";
}

std::string list(const std::vector<std::string>& messages) {
  std::string out = "[";
  for (const auto& m : messages)
    out += (out.size() > 1 ? "," : "") + m;
  return out + "]";
}

const auto sys = said("system", "be kind");
const auto u1 = said("user", "one");
const auto a1 = said("assistant", "first");
const auto u2 = said("user", "two");
const auto a2 = said("assistant", "second");
const auto u3 = said("user", "three");
const std::string call =
    R"({"role":"assistant","content":null,"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]})";
const std::string tool = R"({"role":"tool","tool_call_id":"c","content":"sunny"})";

struct fixture {
  /// What the upstream is told of a request of those messages.
  std::string ask(const std::vector<std::string>& messages, bool named = true) {
    auto r = test::parse_request(R"({"messages":)" + list(messages) + "}");
    REQUIRE(r);
    r->made_of_items = made_of_items;
    auto told = it.begin(*r, {}, how_found(named));
    return told ? told->messages : std::string{name_of(told.error().code)};
  }

  /// A turn that is answered with *answer*.
  std::string turn(const std::vector<std::string>& messages, const std::string& answer,
                   bool named = true) {
    auto told = ask(messages, named);
    auto m = openai::parse_message(answer);
    it.answered(m ? *m : chat::message{role::assistant, answer});
    it.committed();
    return told;
  }

  std::shared_ptr<const conversation_digest> digest = std::make_shared<conversation_digest>("key");
  whole_conversation it{digest, test::usual_conversation_limits()};
  bool made_of_items = false;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "the new part follows the stored conversation") {
  CHECK(turn({sys, u1}, "first") == list({sys, u1}));
  CHECK(turn({u2}, "second") == list({sys, u1, a1, u2}));
  CHECK(ask({u3}) == list({sys, u1, a1, u2, a2, u3}));
}

TEST_CASE_FIXTURE(fixture, "the store gets what a turn adds, and what it replaces") {
  turn({sys, u1}, "first");
  ask({u2});
  it.answered({role::assistant, "second"});
  const auto second = it.take_changes().messages;
  CHECK(second.kept == 3);
  CHECK(second.added.size() == 2);
  it.committed();
  ask({sys, u1, a1, u3}); // Takes back the second turn.
  it.answered({role::assistant, "third"});
  const auto third = it.take_changes().messages;
  CHECK(third.kept == 3);
  CHECK(third.added.size() == 2);
  it.commit_failed();
  it.doubt_store();
  turn({u3}, "third");
  it.doubt_store();
  const auto all = it.take_changes().messages;
  CHECK(all.kept == 0);
  CHECK(all.added.size() == 7);
  CHECK(it.take_changes().messages.added.empty());
}

TEST_CASE_FIXTURE(fixture, "of a conversation from its record only what is new is written") {
  turn({sys, u1}, "first");
  const auto all = it.transcript();
  it = whole_conversation{digest, test::usual_conversation_limits(), {all, {}, {}, all.size()}};
  CHECK(it.take_changes().messages.added.empty());
  ask({u2});
  it.answered({role::assistant, "second"});
  CHECK(it.take_changes().messages.kept == all.size());
}

TEST_CASE_FIXTURE(fixture, "the tip changes only when the turn is stored") {
  turn({u1}, "first");
  const auto before = it.tip();
  CHECK(before == conversation_tip::of(digest->of(it.transcript())));
  ask({u2});
  it.answered({role::assistant, "second"});
  const auto next = it.take_changes().tip;
  CHECK(it.tip() == before);
  it.committed();
  CHECK(it.tip() == next);
  CHECK(next == conversation_tip::of(digest->of(it.transcript())));
}

TEST_CASE_FIXTURE(fixture, "a turn that only adds has the digest and the store of the whole") {
  turn({sys, u1}, "first");
  it.take_changes();
  auto r = test::parse_request(R"({"messages":)" + list({u2}) + "}");
  REQUIRE(r);
  for (auto i = 0; i < 2; ++i) { // The first time it fails.
    const auto told = it.begin(*r, {}, session_conversation::found::by_id);
    REQUIRE(told);
    CHECK(told->messages == list({sys, u1, a1, u2}));
    if (i == 0)
      it.broken_off("x", true);
  }
  it.answered({role::assistant, "second"});
  const auto changes = it.take_changes();
  CHECK(changes.messages.kept == 3);
  CHECK(changes.messages.added.size() == 2);
  CHECK(it.transcript().size() == 3);
  it.committed();
  CHECK(it.transcript().size() == 5);
  CHECK(it.tip() == conversation_tip::of(digest->of(it.transcript())));
  CHECK(it.tip() == changes.tip);
  CHECK(it.take_changes().messages.added.empty());
}

TEST_CASE_FIXTURE(fixture, "a turn that only adds counts all against the limits") {
  it = whole_conversation{digest, {3, 1000}};
  turn({u1}, "first");
  CHECK(turn({u2}, "second") == list({u1, a1, u2}));
  CHECK(ask({u3}) == "conversation_too_large");
}

TEST_CASE_FIXTURE(
    fixture, "a chat of plain text goes on from the texts, and all of them are new to the store") {
  turn({u1}, call);
  turn({tool}, "first");
  it.take_changes();
  const auto tip = it.tip();
  const auto moved = it.take();
  CHECK(moved.tip == tip);
  CHECK(moved.stored == 0);
  CHECK_FALSE(moved.prompt);
  REQUIRE(moved.transcript.size() == 3);
  CHECK(moved.transcript[1].text == "sunny");
  CHECK(it.transcript().empty());
}

TEST_CASE_FIXTURE(fixture, "repeated messages are not doubled") {
  turn({sys, u1}, "first");
  turn({u2}, "second");
  CHECK(ask({sys, u1, a1, u2, a2, u3}) == list({sys, u1, a1, u2, a2, u3}));
  CHECK(ask({u1, a1, u2, a2, u3}) == list({sys, u1, a1, u2, a2, u3}));
  CHECK(ask({u2, a2, u3}) == list({sys, u1, a1, u2, a2, u3}));
  CHECK(ask({a2, u3}) == list({sys, u1, a1, u2, a2, u3}));
  // As clients write it again.
  const std::string one = R"({"content":"one\n","role":"user"})";
  const std::string empty = R"({"role":"assistant","content":""})";
  CHECK(ask({one, a1, empty, u2, a2, u3}) == list({sys, one, a1, empty, u2, a2, u3}));
}

TEST_CASE_FIXTURE(fixture, "a message repeated after an empty answer is new") {
  const auto empty = said("assistant", "");
  turn({u1}, empty);
  CHECK(turn({u1}, empty) == list({u1, empty, u1}));
  CHECK(turn({u1, empty, u1}, empty) == list({u1, empty, u1, empty, u1}));
  CHECK(ask({u2}) == list({u1, empty, u1, empty, u1, empty, u2}));
}

TEST_CASE_FIXTURE(fixture, "another course of the conversation replaces it") {
  turn({sys, u1}, "first");
  turn({u2}, "second");
  CHECK(ask({sys, u1, a1, u3}) == list({sys, u1, a1, u3}));
  CHECK(ask({u1, a1, u3}) == list({u1, a1, u3}));
  const auto other = said("assistant", "another");
  CHECK(turn({sys, u1, other, u2}, "x") == list({sys, u1, other, u2}));
  CHECK(ask({u3}) == list({sys, u1, other, u2, said("assistant", "x"), u3}));
}

TEST_CASE_FIXTURE(fixture, "new instructions replace the earlier ones") {
  turn({sys, u1}, "first");
  CHECK(ask({sys, u2}) == list({sys, u1, a1, u2}));
  const auto other = said("developer", "be brief");
  CHECK(ask({other, u2}) == list({other, u1, a1, u2}));
}

TEST_CASE_FIXTURE(fixture, "tool results follow their calls") {
  turn({u1}, call);
  CHECK(ask({tool}) == list({u1, call, tool}));
  CHECK(ask({call, tool}) == list({u1, call, tool}));
  CHECK(turn({u1, call, tool}, "first") == list({u1, call, tool}));
  CHECK(ask({u2}) == list({u1, call, tool, a1, u2}));
}

TEST_CASE_FIXTURE(fixture, "a request that names no session contains the conversation itself") {
  turn({u1}, "first");
  CHECK(ask({u2}, false) == list({u2}));
  CHECK(ask({R"({ "role":"user","content":"one" })", a1, u2}, false) ==
        list({R"({ "role":"user","content":"one" })", a1, u2}));
}

TEST_CASE_FIXTURE(fixture, "a turn without a result leaves no trace") {
  turn({u1}, "first");
  ask({u2});
  CHECK_FALSE(it.broken_off("x", true));
  CHECK(it.tip() == conversation_tip::of(digest->of(it.transcript())));
  CHECK(ask({u3}) == list({u1, a1, u3}));
  ask({u2});
  it.answered(chat::message{role::assistant, "x"});
  it.commit_failed();
  CHECK(ask({u3}) == list({u1, a1, u3}));
}

TEST_CASE_FIXTURE(fixture, "a conversation beyond a limit is refused, and never cut") {
  it = whole_conversation{digest, {3, 1000}};
  turn({u1}, "first");
  CHECK(ask({u2}) == list({u1, a1, u2}));
  CHECK(ask({u2, u3}) == "conversation_too_large");
  it.doubt_store();
  CHECK(it.take_changes().messages.added.size() == 2); // No turn has begun.
  CHECK(ask({u1, a1, u2, u3}, false) == "conversation_too_large");
  CHECK(ask({said("user", std::string(1000, 'x'))}) == "conversation_too_large");
  it.doubt_store();
  CHECK(it.take_changes().messages.added.size() == 2); // No turn has begun.
  CHECK(ask({u2}) == list({u1, a1, u2}));
}

TEST_CASE_FIXTURE(fixture, "a request without an answer in it is new, whatever it repeats") {
  turn({sys, u1}, "first");
  CHECK(ask({u1}) == list({sys, u1, a1, u1}));
  CHECK(ask({u1, u2}) == list({sys, u1, a1, u1, u2}));
}

TEST_CASE_FIXTURE(fixture, "a conversation continues in the client's wording") {
  const std::string thought =
      R"({"role":"assistant","content":"first","reasoning_content":"First I look."})";
  turn({sys, u1}, thought);
  CHECK(ask({u2}) == list({sys, u1, thought, u2}));
  CHECK(ask({a1, u2}) == list({sys, u1, a1, u2}));
  CHECK(ask({sys, u1, thought, u2}) == list({sys, u1, thought, u2}));
}

TEST_CASE_FIXTURE(fixture, "an answer replaces the prefill that it begins with") {
  const auto prefill = said("assistant", "The cat");
  CHECK(turn({u1, prefill}, "The cat sat") == list({u1, prefill}));
  CHECK(ask({u2}) == list({u1, said("assistant", "The cat sat"), u2}));
  CHECK(ask({u1, said("assistant", "The cat sat"), u2}) ==
        list({u1, said("assistant", "The cat sat"), u2}));
}

TEST_CASE_FIXTURE(fixture, "an answer that only continues the prefill is appended to it") {
  turn({u1, said("assistant", "The cat")}, R"({"role":"assistant","content":" sat","x":1})");
  CHECK(ask({u2}) == list({u1, R"({"content":"The cat sat","role":"assistant","x":1})", u2}));
}

TEST_CASE_FIXTURE(fixture,
                  "an assistant message at the end that is no prefill stays a message of its own") {
  made_of_items = true;
  const auto partial = said("assistant", "The cat");
  turn({u1, partial}, "The cat sat");
  CHECK(ask({u2}) == list({u1, partial, said("assistant", "The cat sat"), u2}));
}

TEST_CASE_FIXTURE(fixture,
                  "calls that answer such a message belong to it, as in the request that follows") {
  made_of_items = true;
  turn({u1, said("assistant", "The cat")}, call);
  const auto joined = ask({u2});
  CHECK(joined.find(R"("content":"The cat")") != std::string::npos);
  auto next = test::parse_request(R"({"messages":)" + joined + "}");
  REQUIRE(next);
  CHECK(it.tip().is_told_by(digest->of(*next).before));
}

TEST_CASE_FIXTURE(fixture, "a conversation up to a prefill continues if it equals what was said") {
  turn({sys, u1}, "first");
  const auto prefill = said("assistant", "sec");
  CHECK(ask({u1, a1, u2, prefill}) == list({sys, u1, a1, u2, prefill}));
  CHECK(ask({u3, a1, u2, prefill}) == list({u3, a1, u2, prefill}));
  CHECK(ask({u2, prefill}) == list({u2, prefill}));
}

TEST_CASE_FIXTURE(fixture, "the beginning of a conversation that repeats itself is told as it is") {
  turn({sys, u1}, "first");
  turn({u1}, "first");
  CHECK(ask({u1, a1, u1}) == list({u1, a1, u1}));
  CHECK(ask({u1, a1, u1, a1, u1}) == list({sys, u1, a1, u1, a1, u1}));
}

TEST_CASE_FIXTURE(fixture, "items that tell the conversation are told in the session's own words") {
  turn({sys, u1}, R"({"role":"assistant","content":"first","signature":"x"})");
  const auto own = std::string{R"({"role":"assistant","content":"first","signature":"x"})"};
  auto r = test::parse_request(R"({"messages":)" + list({sys, u1, a1, u2}) + "}");
  REQUIRE(r);
  r->made_of_items = true;
  const auto told = it.begin(*r, {}, session_conversation::found::by_response);
  REQUIRE(told);
  CHECK(told->messages == list({sys, u1, own, u2}));
}

TEST_CASE("thousands of similar messages are compared quickly") {
  std::vector<std::string> same(20'000, said("assistant", "x"));
  auto r = openai::parse_chat_request(R"({"messages":)" + list(same) + "}", same.size());
  REQUIRE(r);
  whole_conversation it{
      std::make_shared<conversation_digest>("key"), {100'000, 100u << 20}, {r->messages, {}, {}}};
  r->messages.pop_back();
  r->messages.emplace_back(role::user, "y");
  REQUIRE(it.begin(*r, {}, session_conversation::found::by_name));
  it.answered({role::assistant, "z"});
  CHECK(it.take_changes().messages.added.size() == 20'001);
}
