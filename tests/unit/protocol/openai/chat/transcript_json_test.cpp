#include "protocol/openai/chat/transcript_json.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using namespace nekod::openai;

namespace {

std::vector<chat::message> again(const std::vector<chat::message>& transcript) {
  return parse_transcript(transcript_json(transcript));
}

} // namespace

TEST_CASE("a conversation is stored as messages in OpenAI's form") {
  CHECK(transcript_json({}) == "[]");
  CHECK(transcript_json({{chat::role::user, "a \"b\"\n"}, {chat::role::assistant, "猫"}}) ==
        R"([{"role":"user","content":"a \"b\"\n"},{"role":"assistant","content":"猫"}])");
}

TEST_CASE("a stored conversation is read as it was, whoever spoke") {
  CHECK(again({}).empty());
  for (auto r : {chat::role::system, chat::role::developer, chat::role::user, chat::role::assistant,
                 chat::role::tool, chat::role::function}) {
    auto read = again({{r, std::string{"zero\0 and \x1f", 11}}, {chat::role::user, ""}});
    REQUIRE(read.size() == 2);
    CHECK(read[0].speaker == r);
    CHECK(read[0].text == std::string{"zero\0 and \x1f", 11});
    CHECK(read[1].text.empty());
  }
}

TEST_CASE("an invalid conversation is read as an empty one") {
  for (const auto* text : {"", "{}", "[", "null", "[1,{},[]]", R"([{"role":"cat","content":"x"}])",
                           R"([{"role":"user","content":1}])"})
    CHECK(parse_transcript(text).empty());
  auto read = parse_transcript(R"([{"role":"user"},{"role":"user","content":"x"}])");
  REQUIRE(read.size() == 1);
  CHECK(read[0].text == "x");
}
