#include "actors/session/conversation/transcript.hpp"

#include <doctest/doctest.h>

namespace {

using namespace nekod;
using chat::message;
using chat::role;

} // namespace

TEST_CASE("a message without history is sent alone") {
  CHECK(with_preamble({}, "hello") == "hello");
  CHECK(with_preamble({{role::assistant, ""}}, "hello") == "hello");
}

TEST_CASE("the history comes first, labelled") {
  std::vector<message> earlier{{role::system, "be a cat"},
                               {role::user, "hi"},
                               {role::assistant, "meow"},
                               {role::developer, "purr"}};
  CHECK(with_preamble(earlier, "again") == "[Instructions]\nbe a cat\n\npurr\n\n"
                                           "[Conversation so far]\nUser: hi\n\nAssistant: meow\n\n"
                                           "[New message]\nagain");
}

TEST_CASE("beyond the limit the oldest turns are left out, and the newest kept whole") {
  std::vector<message> earlier{{role::user, std::string(100, 'a')}, {role::assistant, "meow"}};
  auto text = with_preamble(earlier, "again", 50);
  CHECK(text == "[Conversation so far]\nAssistant: meow\n\n[New message]\nagain");
}

TEST_CASE("instructions beyond the limit are cut between two characters") {
  auto text = with_preamble({{role::system, "\u732b\u732b\u732b"}}, "again", 7);
  CHECK(text == "[Instructions]\n\u732b\u732b\n\n[New message]\nagain");
}

TEST_CASE("a transcript drops its oldest messages beyond the limit") {
  std::vector<message> transcript;
  append(transcript, {role::user, "12345"});
  append(transcript, {role::assistant, "67890"});
  append(transcript, {role::user, ""});
  CHECK(transcript.size() == 2);
  append(transcript, {role::user, "x"});
  keep_newest(transcript, 3 * sizeof(message) + 11);
  CHECK(transcript.size() == 3);
  keep_newest(transcript, 3 * sizeof(message) + 10);
  REQUIRE(transcript.size() == 2);
  CHECK(transcript.front().text == "67890");
  for (auto i = 0; i < 9; ++i)
    append(transcript, {role::user, "y"});
  CHECK(transcript.size() == 11);
  keep_newest(transcript, 11 * sizeof(message));
  CHECK(transcript.size() == 8); // A quarter is free, for what comes next.
}
