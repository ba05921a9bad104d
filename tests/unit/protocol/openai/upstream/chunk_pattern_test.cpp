#include "protocol/openai/errors.hpp"
#include "protocol/openai/upstream/answer_decoder.hpp"
#include "protocol/openai/upstream/chunk_pattern.hpp"
#include "protocol/text/json.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace nekod;
using namespace nekod::openai;

namespace {

const std::string front = R"({"id":"x","choices":[{"index":0,"delta":{"content":")";
const std::string back = R"("},"logprobs":null,"finish_reason":null}],"usage":null})";
const std::string members_front = R"("choices":[{"index":0,"delta":{"content":")";
const std::string members_back = R"("},"logprobs":null,"finish_reason":null}])";

std::string chunk(const std::string& text) { return front + text + back; }

std::optional<chunk_pattern> pattern() {
  return chunk_pattern::of(chunk("a"), members_front + "a" + members_back);
}

/// The decoder's result for *second* after *first*.
struct outcome {
  std::vector<std::string> passed;
  std::string failure;
  std::string said;
};

outcome decode(const std::string& first, const std::string& second) {
  answer_decoder decoder;
  deltas out{deltas::form::members};
  decoder.feed("data: " + first + "\n\ndata: " + second + "\n\n", out);
  outcome o;
  out.for_each([&](std::string_view piece) { o.passed.emplace_back(piece); });
  if (decoder.failure())
    o.failure = to_json(*decoder.failure(), language::en);
  o.said = decoder.said().text;
  return o;
}

/// The result for a chunk is the same after a chunk like it and after one with another form.
void check_same(const std::string& second) {
  CAPTURE(second);
  auto alike = decode(chunk("a"), second);
  auto unlike = decode("{ " + chunk("a").substr(1), second);
  CHECK(alike.passed == unlike.passed);
  CHECK(alike.failure == unlike.failure);
  CHECK(alike.said == unlike.said);
}

} // namespace

TEST_CASE("a chunk like one before it is read by its pattern") {
  auto p = pattern();
  REQUIRE(p);
  for (const auto& [raw, says] :
       std::vector<std::pair<std::string, std::string>>{{"meow", "meow"},
                                                        {"", ""},
                                                        {R"(\"\\\/\n\t)", "\"\\/\n\t"},
                                                        {"喵 \xF0\x9F\x90\xB1", "喵 🐱"}}) {
    CAPTURE(raw);
    std::string members = "before,";
    std::string text = "before ";
    CHECK(p->take(chunk(raw), members, text));
    CHECK(members == "before," + members_front + raw + members_back);
    CHECK(text == "before " + says);
  }
}

TEST_CASE("a chunk that does not fit a pattern is left to a parser, and nothing is read") {
  auto p = pattern();
  REQUIRE(p);
  for (const auto& other : std::vector<std::string>{
           "", "{}", front, back, front + back.substr(1), chunk("a") + " ", " " + chunk("a"),
           chunk(R"(\u0061)"), chunk(R"(\x)"), chunk(std::string{"\0", 1}), chunk("\n"),
           chunk("\xFF"), chunk("\xED\xA0\x80"), chunk(R"(a","refusal":"b)"), chunk(R"(a\)"),
           front + R"(a"},"logprobs":null,"finish_reason":"stop"}],"usage":null})"}) {
    CAPTURE(other);
    std::string members;
    std::string text = "kept";
    CHECK_FALSE(p->take(other, members, text));
    CHECK(members.empty());
    CHECK(text == "kept");
  }
}

TEST_CASE("chunks with more than a text are not patterns") {
  for (const std::string choices :
       {R"([])", R"([{"index":0,"delta":{}}])", R"([{"index":0,"delta":{"content":null}}])",
        R"([{"index":0,"delta":{"role":"assistant","content":"a"}}])",
        R"([{"index":0,"delta":{"content":"a","content":"b"}}])",
        R"([{"index":0,"delta":{"content":"a"},"delta":{"content":"b"}}])",
        R"([{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{"content":"b"}}])",
        R"([{"index":0,"delta":{"content":"a"}}],"choices":[])", R"({"delta":{"content":"a"}})"}) {
    CAPTURE(choices);
    auto members = R"("choices":)" + choices;
    CHECK_FALSE(chunk_pattern::of('{' + members + '}', members));
  }
}

TEST_CASE("a decoder has the same results with a pattern and without") {
  check_same(chunk("b"));
  check_same(chunk(""));
  check_same(front + R"(b"},"logprobs":null,"finish_reason":"stop"}],"usage":null})");
  check_same(R"({"error":{"message":"no"}})");
  std::mt19937 chance{7};
  const std::string bytes = "\"\\{}[],:nu0\n \xC3\xA9z";
  for (int i = 0; i < 5000; ++i) {
    auto second = chunk("some text");
    for (auto changes = chance() % 3 + 1; changes > 0; --changes) {
      const auto at = chance() % second.size();
      const auto byte = bytes[chance() % bytes.size()];
      if (chance() % 2 == 0)
        second[at] = byte;
      else
        second.insert(second.begin() + static_cast<std::ptrdiff_t>(at), byte);
    }
    check_same(second);
  }
}

TEST_CASE("text after a finish reason is passed on at once, and empty text is not") {
  answer_decoder decoder;
  deltas out{deltas::form::members};
  auto event = [](const std::string& data) { return "data: " + data + "\n\n"; };
  decoder.feed(event(chunk("a")) + event(front + R"("},"finish_reason":"stop"}]})") +
                   event(chunk("b")) + event(chunk("")) + event(chunk("c")) + event("[DONE]"),
               out);
  CHECK(out.ends.size() == 3);
  CHECK(decoder.said().text == "abc");
  CHECK(decoder.whole());
  CHECK(decoder.take_rest().ends.size() == 1);
}
