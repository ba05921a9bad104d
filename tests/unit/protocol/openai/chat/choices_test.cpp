#include "protocol/openai/chat/choices.hpp"

#include <doctest/doctest.h>

#include <ostream>
#include <string>
#include <vector>

using namespace nekod;
using chat::finish_reason;
using openai::choices;

using strings = std::vector<std::string>;

namespace {

deltas pieces(const strings& texts) {
  deltas result;
  for (const auto& text : texts)
    result.push_back(text);
  return result;
}

strings list(const deltas& d) {
  strings result;
  d.for_each([&](std::string_view piece) { result.emplace_back(piece); });
  return result;
}

chat::request request_of(std::uint32_t n, bool stream, bool usage = false) {
  chat::request result;
  result.choices = n;
  result.stream = stream;
  result.include_usage = usage;
  return result;
}

constexpr const char* no_tokens =
    R"("usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0})";

} // namespace

TEST_CASE("a lone answer stays text") {
  auto r = request_of(1, true);
  r.limits.stop = {"END"};
  choices c{r};
  const auto out = c.take(0, pieces({"me", "owE", "N", "Dx"}));
  CHECK(out.what == deltas::form::text);
  CHECK(out.text == "meow");
  CHECK(c.ended(0));
  CHECK(c.cut(0));
  CHECK(c.end().rest.empty());
  CHECK(c.end().reason == finish_reason::stop);
}

TEST_CASE("pieces of several streamed answers are chunks that name their choice") {
  choices c{request_of(2, true)};
  const auto first = c.take(0, pieces({"a\"b"}));
  CHECK(first.what == deltas::form::members);
  CHECK(list(first) ==
        strings{R"("choices":[{"index":0,"delta":{"content":"a\"b"},"finish_reason":null}])"});
  CHECK(list(c.take(1, pieces({"c", "d"}))) ==
        strings{R"("choices":[{"index":1,"delta":{"content":"c"},"finish_reason":null}])",
                R"("choices":[{"index":1,"delta":{"content":"d"},"finish_reason":null}])"});
  CHECK(c.finish(1, finish_reason::length).empty());
  CHECK(c.finish(0, finish_reason::stop).empty());
  CHECK(list(c.end().rest) ==
        strings{R"("choices":[{"index":0,"delta":{},"finish_reason":"stop"}])",
                R"("choices":[{"index":1,"delta":{},"finish_reason":"length"}])"});
  CHECK(c.first_text() == "a\"b");
}

TEST_CASE("the usage of a stream of several answers comes last, and is null before") {
  choices c{request_of(2, true, true)};
  CHECK(
      list(c.take(0, pieces({"a"}))) ==
      strings{
          R"("choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}],"usage":null)"});
  c.finish(0, finish_reason::stop);
  c.finish(1, finish_reason::stop);
  const auto rest = list(c.end().rest);
  REQUIRE(rest.size() == 3);
  CHECK(rest[1] == R"("choices":[{"index":1,"delta":{},"finish_reason":"stop"}],"usage":null)");
  CHECK(rest[2] == std::string{R"("choices":[],)"} + no_tokens);
}

TEST_CASE("several answers that are wanted whole come at the end") {
  choices c{request_of(2, false)};
  CHECK(c.take(1, pieces({"two"})).empty());
  CHECK(c.take(0, pieces({"on", "e"})).empty());
  c.finish(0, finish_reason::stop);
  c.finish(1, finish_reason::content_filter);
  const std::string message = R"("message":{"role":"assistant","content":)";
  const std::string after = R"(,"refusal":null},"logprobs":null,"finish_reason":)";
  CHECK(list(c.end().rest) == strings{R"("choices":[{"index":0,)" + message + R"("one")" + after +
                                      R"("stop"},{"index":1,)" + message + R"("two")" + after +
                                      R"("content_filter"}],)" + no_tokens});
  CHECK(c.first_text() == "one");
}

TEST_CASE("each answer has its own limits") {
  auto r = request_of(2, false);
  r.limits.pieces = 1;
  choices c{r};
  c.take(0, pieces({"a"}));
  c.take(1, pieces({"b", "c"}));
  CHECK(c.ended(1));
  CHECK_FALSE(c.ended(0));
}

TEST_CASE("of a very long streamed answer only the beginning is kept") {
  choices c{request_of(2, true)};
  const std::string much(1u << 19, 'x');
  for (int i = 0; i < 8; ++i) {
    c.take(0, pieces({much}));
    c.take(1, pieces({much}));
  }
  CHECK(c.first_text().size() == choices::max_first_bytes);
  CHECK_FALSE(c.too_long());
}

TEST_CASE("several whole answers share one limit") {
  choices c{request_of(2, false)};
  const std::string much(choices::max_whole_bytes / 2, 'x');
  c.take(0, pieces({much}));
  c.take(1, pieces({much}));
  CHECK_FALSE(c.too_long());
  c.take(1, pieces({"x"}));
  CHECK(c.too_long());
}
