#include "protocol/openai/responses/chunk_content.hpp"

#include <doctest/doctest.h>

#include <ostream>
#include <string>

using namespace nekod::openai::responses;

namespace {

std::string choice(const std::string& delta, const std::string& more = R"("finish_reason":null)") {
  return R"("choices":[{"index":0,"delta":)" + delta + "," + more + "}]";
}

} // namespace

TEST_CASE("a chunk's texts are read as they are written") {
  chunk_reader reader;
  const auto chunk = choice(R"({"role":"assistant","content":"a\"b\u00e9","refusal":"no",)"
                            R"("reasoning_content":"hm"})");
  const auto& found = reader.read(chunk);
  CHECK(found.text == R"(a\"b\u00e9)");
  CHECK(found.refusal == "no");
  CHECK(found.reasoning == "hm");
  CHECK(found.finish_reason.empty());
  CHECK_FALSE(found.usage);
}

TEST_CASE("reasoning has one of two names, and null and empty texts are none") {
  chunk_reader reader;
  CHECK(reader.read(choice(R"({"reasoning":"x"})")).reasoning == "x");
  CHECK(reader.read(choice(R"({"reasoning":"x","reasoning_content":"y"})")).reasoning == "y");
  CHECK(reader.read(choice(R"({"reasoning":"x","reasoning_content":null})")).reasoning == "x");
  CHECK(reader.read(choice(R"({"content":null,"tool_calls":null})")).text.empty());
}

TEST_CASE("calls have their index, or their place in the list of a whole message") {
  chunk_reader reader;
  const auto chunk =
      choice(R"({"tool_calls":[{"index":3,"id":"c","type":"function",)"
             R"("function":{"name":"f","arguments":"{\"a\":"}},{"function":{"arguments":"1"}}]})");
  const auto& found = reader.read(chunk);
  REQUIRE(found.calls.size() == 2);
  CHECK(found.calls[0].index == 3);
  CHECK(found.calls[0].id == "c");
  CHECK(found.calls[0].name == "f");
  CHECK(found.calls[0].arguments == R"({\"a\":)");
  CHECK(found.calls[1].index == 1);
  CHECK(found.calls[1].id.empty());
}

TEST_CASE("the end has a reason and usage") {
  chunk_reader reader;
  const auto chunk =
      choice("{}", R"("finish_reason":"length")") +
      R"(,"usage":{"prompt_tokens":10,"completion_tokens":4,"total_tokens":14,)"
      R"("prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":3}})";
  const auto& found = reader.read(chunk);
  CHECK(found.finish_reason == "length");
  CHECK(found.usage == token_usage{10, 8, 0, 4, 3, 14});
  CHECK_FALSE(reader.read(choice("{}") + R"(,"usage":null)").usage);
  CHECK(reader.read(R"("choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2})").usage ==
        token_usage{1, 0, 0, 2, 0, 3});
}

TEST_CASE("only the first choice counts, and a whole message is a delta") {
  chunk_reader reader;
  const auto* chunk =
      R"("choices":[{"index":1,"delta":{"content":"b"}},{"index":0,"message":{"content":"a"}}])";
  const auto& found = reader.read(chunk);
  CHECK(found.text == "a");
}

TEST_CASE("content in parts is one text") {
  chunk_reader reader;
  CHECK(reader
            .read(choice(R"({"content":[{"type":"text","text":"a\n"},{"type":"x"},)"
                         R"({"type":"text","text":"b"}]})"))
            .text == R"(a\nb)");
}

TEST_CASE("log probabilities go with their text") {
  chunk_reader reader;
  CHECK(reader.read(choice(R"({"content":"a"})", R"("logprobs":{"content":[{"token":"a"}]})"))
            .logprobs == R"({"token":"a"})");
}

TEST_CASE("a chunk like the one before is read without a search") {
  chunk_reader reader;
  CHECK(reader.read_like_before(choice(R"({"content":"a"})")).data() == nullptr);
  reader.read(choice(R"({"content":"a"})"));
  for (const std::string text :
       {"", "b", "\\\"", "a\\\\", "\\\\\\\"x", "\\u00e9", "long and longer"}) {
    CAPTURE(text);
    const auto chunk = choice(R"({"content":")" + text + R"("})");
    const auto found = reader.read_like_before(chunk);
    REQUIRE(found.data() != nullptr);
    CHECK(found == text);
    CHECK(reader.kind_before() == output_part::kind::output_text);
  }
  reader.read(choice(R"({"reasoning_content":"a"})"));
  const auto chunk = choice(R"({"reasoning_content":"b"})");
  CHECK(reader.read_like_before(chunk) == "b");
  CHECK(reader.kind_before() == output_part::kind::reasoning_text);
}

TEST_CASE("a chunk that only looks like the one before is searched") {
  chunk_reader reader;
  reader.read(choice(R"({"content":"a"})"));
  for (const auto& other : {
           choice(R"({"content":"a","refusal":"b"})"),
           choice(R"({"content":null})"),
           choice(R"({"content":"a"},"x":{"content":"b"})"),
           choice(R"({"content":"a\\"},"x":{"content":"b"})"),
           choice(R"({"content":"a"})", R"("finish_reason":"stop")"),
       }) {
    CAPTURE(other);
    CHECK(reader.read_like_before(other).data() == nullptr);
  }
}

TEST_CASE("chunks with more than a text are no pattern") {
  for (const auto& chunk : {
           choice(R"({"content":"a","refusal":"b"})"),
           choice(R"({"content":"a","reasoning":"b"})"),
           choice(R"({"content":"a","tool_calls":[{"index":0}]})"),
           choice(R"({"content":"a"})", R"("finish_reason":"stop")"),
           choice(R"({"content":"a"})", R"("logprobs":{"content":[{"token":"a"}]})"),
           choice(R"({"content":"a"})") + R"(,"usage":{"prompt_tokens":1})",
           choice(R"({"content":[{"type":"text","text":"a"}]})"),
       }) {
    CAPTURE(chunk);
    chunk_reader reader;
    reader.read(chunk);
    CHECK(reader.read_like_before(chunk).data() == nullptr);
  }
}

TEST_CASE("a text is decoded with all of its escapes") {
  CHECK(decoded("plain") == "plain");
  CHECK(decoded(R"(a\n\"b\\)") == "a\n\"b\\");
  CHECK(decoded(R"(\u00e9\ud83d\ude00)") == "é😀");
}

TEST_CASE("usage is found where servers put it, and first where it belongs") {
  chunk_reader reader;
  const std::string usage = R"({"prompt_tokens":10,"completion_tokens":4})";
  const std::string other = R"({"prompt_tokens":1,"completion_tokens":1})";
  const auto input_of = [&](const std::string& members) {
    const auto& found = reader.read(members);
    return found.usage ? found.usage->input : 0;
  };
  const auto in_choice = choice("{}", R"("finish_reason":"stop","usage":)" + usage);
  const auto end = choice("{}", R"("finish_reason":"stop")");
  CHECK(input_of(in_choice) == 10);
  CHECK(input_of(in_choice + R"(,"usage":null)") == 10);
  CHECK(input_of(in_choice + R"(,"usage":)" + other) == 1);
  CHECK(input_of(end + R"(,"x_groq":{"id":"r","usage":)" + usage + "}") == 10);
  CHECK(input_of(end + R"(,"x_groq":{"usage":)" + usage + R"(},"usage":null)") == 10);
  CHECK(input_of(end + R"(,"usage":)" + usage + R"(,"x_groq":{"usage":)" + other + "}") == 10);
  CHECK(input_of(end + R"(,"x_groq":{"id":"r"})") == 0);
}
