#include "bench/simulator/stories.hpp"
#include "protocol/text/utf8.hpp"

#include <doctest/doctest.h>

using namespace nekod::sim;

namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string joined(const story& s) { return s.text(s.size()); }

} // namespace

TEST_CASE("a story is the same for the same prompt and turn") {
  CHECK(tell_story({"hello", "Tuxedo", 1, 0}) == tell_story({"hello", "Tuxedo", 1, 0}));
  CHECK(tell_story({"hello", "Tuxedo", 2, 0}) != tell_story({"hello", "Tuxedo", 3, 0}));
}

TEST_CASE("branches of one answer differ") {
  CHECK(tell_story({"hello", "Tuxedo", 1, 0}) != tell_story({"hello", "Tuxedo", 1, 1}));
}

TEST_CASE("a story echoes the prompt and names the cat and the turn") {
  const auto text = tell_story({"where is\n my  yarn? ", "Black Cat", 2, 0});
  CHECK(contains(text, "\"where is my yarn?\""));
  CHECK(contains(text, "Black Cat"));
  CHECK(contains(text, "message 2 of our chat"));
}

TEST_CASE("a prompt with Chinese characters gets a Chinese story") {
  const auto text = tell_story({"你好 cat", "Orange Cat", 3, 0});
  CHECK(contains(text, "“你好 cat”"));
  CHECK(contains(text, "橘猫"));
  CHECK(contains(text, "第 3 条消息"));
}

TEST_CASE("only the end of a long prompt is echoed, in whole characters") {
  std::string prompt;
  for (int i = 0; i < 500; ++i)
    prompt += "猫";
  const auto text = tell_story({prompt + "尾巴", "Calico", 1, 0});
  CHECK(contains(text, "“…猫"));
  CHECK(contains(text, "猫尾巴”"));
  CHECK(text.size() < 1'000);
  CHECK(nekod::is_utf8(text));
}

TEST_CASE("a prompt in another script or of white space produces a story, too") {
  CHECK(contains(tell_story({"Ça va? 😺", "Calico", 1, 0}), "Ça va? 😺"));
  CHECK(contains(tell_story({" \n ", "Calico", 1, 0}), "\"\""));
  CHECK(contains(tell_story({{}, {}, 1, 0}), "message 1"));
}

TEST_CASE("pieces are short, split no character, and join to the text") {
  const std::string text = "one two, 三四五 six 😺!";
  const story s{text};
  CHECK(joined(s) == text);
  for (std::size_t i = 0; i < s.size(); ++i) {
    CHECK(nekod::is_utf8(s.piece(i)));
    CHECK(s.piece(i).size() <= 16);
  }
}

TEST_CASE("a story with a given number of pieces is cut or repeated") {
  const std::string text = "abcdefgh";
  REQUIRE(story{text}.size() == 2);
  CHECK(joined(story{text, 1}) == "abcd");
  CHECK(joined(story{text, 2}) == text);
  const story longer{text, 5};
  CHECK(longer.size() == 5);
  CHECK(joined(longer) == "abcdefgh\n\nabcdefgh");
  CHECK(longer.text(1) == "abcd");
  CHECK(longer.text(0).empty());
}
