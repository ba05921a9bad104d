#include "protocol/openai/errors.hpp"
#include "protocol/openai/upstream/answer_decoder.hpp"
#include "protocol/openai/upstream/whole_answer.hpp"
#include "protocol/text/json.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

using namespace nekod;
using namespace nekod::openai;
using strings = std::vector<std::string>;

namespace {

std::string choice(const std::string& delta, const std::string& finish = "null", int index = 0) {
  return R"({"index":)" + std::to_string(index) + R"(,"delta":)" + delta + R"(,"finish_reason":)" +
         finish + "}";
}

std::string event(const std::string& choices) {
  return R"(data: {"choices":[)" + choices + "]}\n\n";
}

std::string content(const std::string& text) {
  return event(choice(R"({"content":")" + text + R"("})"));
}

std::string call(const std::string& arguments, int index) {
  return R"({"index":)" + std::to_string(index) + R"(,"function":{"arguments":")" + arguments +
         R"("}})";
}

const std::string stop = event(choice("{}", "\"stop\""));
const std::string done = "data: [DONE]\n\n";

struct outcome {
  strings passed;
  strings rest;
  bool whole = false;
  std::string said;

  bool operator==(const outcome&) const = default;
};

strings pieces_of(const deltas& d) {
  strings result;
  d.for_each([&](std::string_view piece) {
    CHECK(json::parse('{' + std::string{piece} + '}').error == json::fault::none);
    result.emplace_back(piece);
  });
  return result;
}

outcome decode(const std::string& bytes, std::size_t step) {
  answer_decoder decoder;
  deltas out{deltas::form::members};
  for (std::size_t i = 0; i < bytes.size(); i += step)
    decoder.feed(std::string_view{bytes}.substr(i, step), out);
  outcome o;
  o.passed = pieces_of(out);
  o.rest = pieces_of(decoder.take_rest());
  o.whole = decoder.whole();
  o.said = decoder.said().json.empty() ? decoder.said().text : decoder.said().json;
  return o;
}

/// The result, which must be the same for every split.
outcome decode(const std::string& bytes) {
  auto all = decode(bytes, bytes.size());
  for (std::size_t step = 1; step < bytes.size(); ++step)
    CHECK((decode(bytes, step) == all));
  return all;
}

/// The texts under *name* of the choices with one index in all chunks.
strings texts(const strings& chunks, const char* name = "content", int index = 0) {
  strings result;
  for (const auto& chunk : chunks) {
    const auto doc = json::parse('{' + chunk + '}');
    for (const auto& c : json::find(doc.root, "choices")->GetArray())
      if (json::integer_of(*json::find(c, "index")) == index)
        if (const auto text = json::find_string(*json::find(c, "delta"), name))
          result.emplace_back(*text);
  }
  return result;
}

/// The pieces of one call's arguments in all chunks.
strings arguments(const strings& chunks, int index) {
  strings result;
  for (const auto& chunk : chunks) {
    const auto doc = json::parse('{' + chunk + '}');
    const auto& delta = *json::find((*json::find(doc.root, "choices"))[0], "delta");
    if (const auto* calls = json::find(delta, "tool_calls"))
      for (const auto& c : calls->GetArray())
        if (json::integer_of(*json::find(c, "index")) == index)
          result.emplace_back(*json::find_string(*json::find(c, "function"), "arguments"));
  }
  return result;
}

} // namespace

TEST_CASE("a character split between two chunks is passed on whole, and kept whole") {
  auto o = decode(content("a") + content("b") + content(R"(c\ud83d)") + content(R"(\ude00d)") +
                  content("e") + content("f") + stop + done);
  CHECK(o.whole);
  CHECK((texts(o.passed) == strings{"a", "b", "c", "😀d", "e", "f"}));
  CHECK(o.said == "abc😀def");
}

TEST_CASE("a first half waits past chunks without text, and past other choices") {
  auto o = decode(content(R"(a\ud83d)") + content("") + event("") +
                  event(choice(R"({"reasoning_content":"\ude00"})")) +
                  event(choice(R"({"content":null})")) +
                  event(choice(R"({"content":"\ude00"})", "null", 1)) + content(R"(\ude00)") +
                  event(choice("{}", "\"stop\"", 1)) + stop + done);
  CHECK(o.whole);
  CHECK((texts(o.passed) == strings{"a", "", "😀"}));
  CHECK((texts(o.passed, "content", 1) == strings{"\uFFFD"}));
  CHECK((texts(o.passed, "reasoning_content") == strings{"\uFFFD"}));
  CHECK(o.said.find(R"("content":"a😀")") != std::string::npos);
}

TEST_CASE("each choice and each kind of text has its own halves") {
  const auto both = [](const std::string& a, const std::string& b) {
    return event(choice(R"({"content":")" + a + R"(","reasoning_content":")" + b + R"("})") + "," +
                 choice(R"({"reasoning":")" + b + R"(","refusal":")" + a + R"("})", "null", 1));
  };
  auto o = decode(both(R"(\ud83d)", R"(\ud83c)") + both(R"(\ude00)", R"(\udf0d)") +
                  event(choice("{}", "\"stop\"") + "," + choice("{}", "\"stop\"", 1)) + done);
  CHECK(o.whole);
  CHECK((texts(o.passed) == strings{"", "😀"}));
  CHECK((texts(o.passed, "reasoning_content") == strings{"", "🌍"}));
  CHECK((texts(o.passed, "reasoning", 1) == strings{"", "🌍"}));
  CHECK((texts(o.passed, "refusal", 1) == strings{"", "😀"}));
}

TEST_CASE("the arguments of each tool call have their own halves") {
  const auto calls = [](const std::string& all) {
    return event(choice(R"({"tool_calls":[)" + all + "]}"));
  };
  auto o = decode(calls(call(R"(\"\ud83d)", 0) + "," + call(R"(\"\ud83c)", 1)) +
                  calls(call(R"(\udf0d\")", 1)) + calls(call(R"(\ude00\")", 0)) + stop + done);
  CHECK(o.whole);
  CHECK((arguments(o.passed, 0) == strings{"\"", "😀\""}));
  CHECK((arguments(o.passed, 1) == strings{"\"", "🌍\""}));
  CHECK(o.said.find(R"("arguments":"\"😀\"")") != std::string::npos);
  CHECK(o.said.find(R"("arguments":"\"🌍\"")") != std::string::npos);
}

TEST_CASE("a lone half becomes U+FFFD") {
  auto o = decode(content(R"(a\ude00)") + content(R"(\ud83d)") + content("b") + content("c") +
                  event(choice(R"({"name":"\ud83d","content":"d"})")) + stop + done);
  CHECK(o.whole);
  CHECK((texts(o.passed) == strings{"a\uFFFD", "", "\uFFFDb", "c", "d"}));
  CHECK((texts(o.passed, "name") == strings{"\uFFFD"}));
  CHECK(o.said.find("a\uFFFD\uFFFDbcd") != std::string::npos);
}

TEST_CASE("the end of an answer ends the wait for halves, before it is reported") {
  auto o = decode(content(R"(a\ud83d)") + event(choice(R"({"content":"b\ud83d"})", "null", 1)) +
                  stop + event(choice(R"({"content":"\ude00"})", "null", 1)) +
                  event(choice("{}", "\"stop\"", 1)) + done);
  CHECK(o.whole);
  CHECK((texts(o.passed) == strings{"a", "\uFFFD"}));
  CHECK((texts(o.passed, "content", 1) == strings{"b", "😀"}));
  CHECK(o.said == "a\uFFFD");

  auto in_end = decode(content(R"(a\ud83d)") +
                       event(choice(R"({"content":"\ude00b\ud83d"})", "\"stop\"")) + done);
  CHECK((texts(in_end.passed) == strings{"a", "😀b", "\uFFFD"}));
  CHECK(in_end.said == "a😀b\uFFFD");

  auto in_call =
      decode(event(choice(R"({"tool_calls":[)" + call(R"(\ud83d)", 3) + "]}")) + stop + done);
  CHECK((arguments(in_call.passed, 0) == strings{"", "\uFFFD"}));
  CHECK(in_call.said.find("\"arguments\":\"\uFFFD\"") != std::string::npos);
}

TEST_CASE("a half also waits past a finish reason") {
  auto o = decode(content("a") + stop + content(R"(b\ud83d)") + done);
  CHECK(o.whole);
  CHECK((texts(o.passed) == strings{"a", "b", "\uFFFD"}));
  CHECK(o.said == "ab\uFFFD");
}

TEST_CASE("a half in a call without an index cannot wait") {
  const std::string calls = R"({"tool_calls":[{"function":{"arguments":"\ud83d"}},5]})";
  auto o = decode(event(choice(calls)) + stop + done);
  CHECK(o.whole);
  CHECK(o.said.find("\"arguments\":\"\uFFFD\"") != std::string::npos);
}

TEST_CASE("halves do not make a chunk of an invalid one") {
  for (const std::string broken :
       {R"(data: {"choices":[{"index":0,"delta":{"content":"\ud83d"}})", R"(data: ["\ud83d"])",
        "data: {\"choices\":[],\"x\":\"\\ud83d\xE5\x96\"}", R"(data: \ud83d)"}) {
    CAPTURE(broken);
    CHECK_FALSE(decode(content(R"(a\ud83d)") + broken + "\n\n" + stop + done).whole);
  }
  answer_decoder decoder;
  deltas out{deltas::form::members};
  decoder.feed("data: {\"error\":{\"message\":\"no \\ud83d\",\"code\":400}}\n\n", out);
  REQUIRE(decoder.failure());
  CHECK(message_of(*decoder.failure(), language::en) == "no \uFFFD");
}

TEST_CASE("in a whole answer half a character becomes U+FFFD") {
  auto a = parse_whole_answer(R"({"choices":[{"index":0,"message":{"role":"assistant",)"
                              R"("content":"a\ud83d"},"finish_reason":"stop"}],"x":"\ude00"})");
  REQUIRE(a);
  CHECK(a->said.text == "a\uFFFD");
  CHECK(json::parse('{' + a->members + '}').error == json::fault::none);
  CHECK(a->members.find(R"("content":"a\ufffd")") != std::string::npos);
}
