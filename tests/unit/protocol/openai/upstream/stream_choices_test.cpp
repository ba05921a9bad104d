#include "protocol/openai/upstream/stream_choices.hpp"
#include "protocol/text/json.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace nekod;
using namespace nekod::openai;
using strings = std::vector<std::string>;

namespace {

strings pieces_of(const deltas& d) {
  strings result;
  d.for_each([&](std::string_view piece) { result.emplace_back(piece); });
  return result;
}

/// The result of one chunk.
struct taken {
  stream_choices::facts what;
  /// The choices afterwards, as JSON.
  std::string choices;
  std::string problem;
};

taken take(stream_choices& to, const std::string& list) {
  auto doc = json::parse(R"({"id":"x","choices":)" + list + "}");
  REQUIRE(doc);
  auto* choices = json::find(doc.root, "choices");
  REQUIRE(choices != nullptr);
  const auto what = to.take(*choices, doc.root, doc.root.GetAllocator());
  taken result;
  if (what)
    result.what = *what;
  else
    result.problem = what.error();
  result.choices = json::to_text(*choices);
  return result;
}

std::string choice(const std::string& delta, const std::string& reason = "null", int index = 0) {
  return R"({"index":)" + std::to_string(index) + R"(,"delta":)" + delta + R"(,"finish_reason":)" +
         reason + "}";
}

} // namespace

TEST_CASE("a choice in OpenAI's form is unchanged") {
  stream_choices choices;
  const auto list = "[" + choice(R"({"role":"assistant","content":"a"})") + "]";
  const auto first = take(choices, list);
  CHECK(first.choices == list);
  CHECK_FALSE(first.what.changed);
  CHECK(first.what.speaks);
  CHECK_FALSE(first.what.ends);
  CHECK(choices.size() == 1);
  CHECK(choices.said().text == "a");
}

TEST_CASE("the first piece of a choice gets a role, and the later ones need none") {
  stream_choices choices;
  const auto first = take(choices, "[" + choice(R"({"content":"a"})") + "]");
  CHECK(first.what.changed);
  CHECK(first.choices.find(R"("role":"assistant")") != std::string::npos);
  const auto next = take(choices, "[" + choice(R"({"content":"b"})") + "]");
  CHECK_FALSE(next.what.changed);
  CHECK(next.choices.find("role") == std::string::npos);
  CHECK(choices.said().text == "ab");
}

TEST_CASE("a choice without an index has its position as index") {
  stream_choices choices;
  const auto both = take(choices, R"([{"delta":{"content":"a"}},{"delta":{"content":"b"}}])");
  CHECK(both.what.changed);
  CHECK(both.choices.find(R"("index":1)") != std::string::npos);
  CHECK(choices.size() == 2);
  CHECK(choices.said().text == "a");
}

TEST_CASE("choices that are no objects, or far too many, are faults") {
  stream_choices text;
  CHECK(take(text, R"(["a"])").problem == "a choice of the upstream's stream has no index");
  stream_choices many;
  CHECK(take(many, "[" + choice("{}", "null", 127) + "]").problem.empty());
  CHECK(take(many, "[" + choice("{}", "null", 128) + "]").problem ==
        "a choice of the upstream's stream has no index");
}

TEST_CASE("a finish reason beside content is removed, and comes in a chunk of its own") {
  stream_choices choices;
  CHECK_FALSE(choices.all_ended());
  const auto last = take(choices, "[" + choice(R"({"content":"a"})", "\"stop\"") + "]");
  CHECK(last.what.ends);
  CHECK(last.what.speaks);
  CHECK(last.choices.find(R"("finish_reason":null)") != std::string::npos);
  CHECK(choices.ending());
  CHECK(choices.all_ended());
  CHECK(pieces_of(choices.ends()) ==
        strings{R"("choices":[{"index":0,"delta":{},"finish_reason":"stop"}])"});
}

TEST_CASE("a chunk with only a finish reason is kept, and the newest reason counts") {
  stream_choices choices;
  const auto list = "[" + choice(R"({"role":"assistant"})", "\"stop\"") + "]";
  const auto end = take(choices, list);
  CHECK(end.choices == list);
  auto doc = json::parse(end.choices);
  choices.keep_end(doc.root[0], "kept");
  CHECK(pieces_of(choices.ends()) == strings{"kept"});
  // Text with another reason replaces it. The client has not seen a role so far.
  take(choices, "[" + choice(R"({"content":"a"})", "\"length\"") + "]");
  CHECK(pieces_of(choices.ends()) ==
        strings{R"("choices":[{"index":0,"delta":{},"finish_reason":"length"}])"});
}

TEST_CASE("an end without any content before it has the role") {
  stream_choices choices;
  take(choices, "[" + choice("{}", "\"stop\"") + "," + choice("{}", "\"length\"", 1) + "]");
  CHECK(
      pieces_of(choices.ends()) ==
      strings{R"("choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":"stop"}])",
              R"("choices":[{"index":1,"delta":{"role":"assistant"},"finish_reason":"length"}])"});
}

TEST_CASE("an answer is whole only if each of its choices has ended") {
  stream_choices choices;
  take(choices, "[" + choice("{}", "\"stop\"", 1) + "]");
  CHECK(choices.ending());
  CHECK_FALSE(choices.all_ended()); // The choice before it has not.
  take(choices, "[" + choice("{}", "\"stop\"") + "]");
  CHECK(choices.all_ended());
}

TEST_CASE("text by the fast path belongs to the first choice's message") {
  stream_choices choices;
  take(choices, "[" + choice(R"({"content":"a"})") + "]");
  CHECK(choices.take_text([](std::string& text) {
    text += "b";
    return true;
  }));
  CHECK(choices.said().text == "ab");
  CHECK_FALSE(choices.is_too_long());
  CHECK_FALSE(choices.take_text([](std::string& text) {
    text.append(max_answer_bytes, 'x');
    return false;
  }));
  CHECK(choices.is_too_long());
  CHECK(take(choices, "[" + choice(R"({"content":"c"})") + "]").problem ==
        "the upstream's answer is too long");
}

TEST_CASE("too many tool calls are a fault") {
  stream_choices choices;
  std::string calls;
  for (int i = 0; i <= 1024; ++i)
    calls += (i == 0 ? "" : ",") + (R"({"index":)" + std::to_string(i) + R"(,"id":"c)" +
                                    std::to_string(i) + R"(","function":{"name":"f"}})");
  CHECK(take(choices, "[" + choice(R"({"tool_calls":[)" + calls + "]}") + "]").problem ==
        "the upstream's answer has too many tool calls");
}
