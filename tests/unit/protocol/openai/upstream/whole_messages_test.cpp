#include "protocol/openai/chat/transcript_json.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"
#include "tests/unit/support/parsed_request.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using namespace nekod::openai;

namespace {

chat::message read(std::string_view text) {
  auto m = parse_message(text);
  REQUIRE(m);
  return *m;
}

bool same(std::string_view a, std::string_view b) { return chat::say_the_same(read(a), read(b)); }

} // namespace

TEST_CASE("a message is kept as it was written") {
  for (const auto* text :
       {R"({"role":"user","content":"hi"})", R"({ "role":"user","content":"h\u0069" })",
        R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}],"odd":1.50})",
        R"({"role":"assistant","content":null,"tool_calls":[{"id":"a"}]})",
        R"({"role":"tool","tool_call_id":"a","content":"x"})"}) {
    std::string out;
    append_message(out, read(text));
    CHECK(out == text);
    auto again = parse_transcript(transcript_json({read(text)}));
    REQUIRE(again.size() == 1);
    CHECK(chat::say_the_same(again[0], read(text)));
    CHECK(transcript_json(again) == "[" + std::string{text} + "]");
  }
  CHECK(read(R"({"role":"user","content":"hi"})").json.empty());
}

TEST_CASE("the messages of a request are sent as they are in its body") {
  auto r = nekod::test::parse_request(
      R"({"a":1,"messages":[ {"role":"system","content":"x"} ,{"role":"user", "content":"y"}]})");
  REQUIRE(r);
  auto spans = message_spans(*r);
  REQUIRE(spans.size() == 2);
  CHECK(spans[0] == R"({"role":"system","content":"x"})");
  CHECK(spans[1] == R"({"role":"user", "content":"y"})");
}

TEST_CASE("messages are equal however they are written") {
  CHECK(same(R"({"role":"user","content":"hi "})", R"({"content":"h\u0069","role":"user"})"));
  CHECK(same(R"({"role":"user","content":"hi"})",
             R"({"role":"user","content":[{"type":"text","text":"hi"}]})"));
  CHECK(same(
      R"({"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\": 1}"}}]})",
      R"({"role":"assistant","content":"","reasoning_content":"hm","tool_calls":[{"index":0,"function":{"arguments":"{\"x\":1}","name":"f"},"id":"a"}]})"));
}

TEST_CASE("reasoning and unknown members make no difference between messages") {
  CHECK(same(R"({"role":"assistant","content":"4"})",
             R"({"role":"assistant","content":"4 ","reasoning_content":"hm","odd":[1]})"));
  CHECK(same(
      R"({"role":"assistant","content":"4"})",
      R"({"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},)"
      R"({"type":"text","text":"4"}]})"));
  CHECK(same(
      R"({"role":"assistant","tool_calls":[{"id":"a","function":{"name":"f","arguments":{"x":1}}}]})",
      R"({"role":"assistant","tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"x\": 1}"}}]})"));
}

TEST_CASE("messages with different calls, results or pictures are different") {
  const auto* call =
      R"({"role":"assistant","content":null,"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]})";
  CHECK_FALSE(same(
      call,
      R"({"role":"assistant","content":null,"tool_calls":[{"id":"b","function":{"name":"f","arguments":"{}"}}]})"));
  CHECK_FALSE(same(
      call,
      R"({"role":"assistant","content":null,"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}]})"));
  CHECK_FALSE(same(call, R"({"role":"assistant","content":null})"));
  CHECK_FALSE(same(R"({"role":"tool","tool_call_id":"a","content":"x"})",
                   R"({"role":"tool","tool_call_id":"b","content":"x"})"));
  CHECK_FALSE(same(R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]})",
                   R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"y"}}]})"));
  CHECK(chat::says_something(read(call)));
  CHECK_FALSE(
      chat::says_something(read(R"({"role":"assistant","content":" \n","tool_calls":[]})")));
}
