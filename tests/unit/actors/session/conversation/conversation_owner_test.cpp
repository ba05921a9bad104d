#include "actors/session/conversation/conversation_owner.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"
#include "tests/unit/support/parsed_request.hpp"
#include "tests/unit/support/usual_options.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace {

using namespace nekod;
using chat::role;
using kind = session_conversation::kind;

const std::string call =
    R"({"role":"assistant","content":null,"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]})";

struct fixture {
  /// What the upstream is told of a turn of a client that names the session.
  upstream_turn ask(const std::string& message) {
    const auto r = test::parse_request(R"({"messages":[)" + message + "]}");
    REQUIRE(r);
    auto told = it.current().begin(*r, digest->of(*r), session_conversation::found::by_name);
    REQUIRE(told);
    return *told;
  }

  void turn(const std::string& message, const std::string& answer) {
    ask(message);
    auto said = openai::parse_message(answer);
    REQUIRE(said);
    it.current().answered(*said);
    it.current().take_changes();
    it.current().committed();
  }

  std::shared_ptr<const conversation_digest> digest = std::make_shared<conversation_digest>("key");
  conversation_owner it{digest, test::usual_conversation_limits()};
};

const std::string u1 = R"({"role":"user","content":"one"})";
const std::string a1 = R"({"role":"assistant","content":"first"})";
const std::string u2 = R"({"role":"user","content":"two"})";

} // namespace

TEST_CASE_FIXTURE(fixture,
                  "a conversation begins without messages, and can be told by its history") {
  CHECK(it.current().tip() == conversation_tip{});
  CHECK(it.current().take_changes().messages.added.empty());
}

TEST_CASE_FIXTURE(fixture, "a chat that moves to an upstream without memory is told there") {
  it.serve(kind::chat);
  turn(u1, a1);
  const auto tip = it.current().tip();
  it.serve(kind::whole);
  CHECK(it.current().tip() == tip);
  CHECK(it.current().take_changes().messages.added.empty()); // The store has it already.
  CHECK(ask(u2).messages == "[" + u1 + "," + a1 + "," + u2 + "]");
}

TEST_CASE_FIXTURE(fixture, "a whole conversation that moves to a chat is told there as texts") {
  it.serve(kind::whole);
  turn(u1, call);
  turn(R"({"role":"tool","tool_call_id":"c","content":"sunny"})", a1);
  const auto tip = it.current().tip();
  it.serve(kind::chat);
  CHECK(it.current().tip() == tip);
  CHECK(it.current().take_changes().messages.kept == 0); // The stored messages are others.
  CHECK(ask(u2).text == "two");
  CHECK(it.current().seeded_text() ==
        "[Conversation so far]\nUser: one\n\nTool: sunny\n\nAssistant: first\n\n"
        "[New message]\ntwo");
}

TEST_CASE_FIXTURE(fixture, "between upstreams of one kind a conversation moves as it is") {
  it.serve(kind::whole);
  turn(u1, call);
  it.serve(kind::whole);
  const std::string result = R"({"role":"tool","tool_call_id":"c","content":"sunny"})";
  CHECK(ask(result).messages == "[" + u1 + "," + call + "," + result + "]");
}

TEST_CASE_FIXTURE(fixture, "a record replaces what was known") {
  it.serve(kind::whole);
  turn(u1, a1);
  it.begin_from({{{role::user, "two"}}, conversation_tip::unrecognisable(), std::nullopt, 1});
  CHECK_FALSE(it.current().tip().is_recognisable());
  it.serve(kind::whole);
  CHECK(ask(u1).messages == "[" + u2 + "," + u1 + "]");
}
