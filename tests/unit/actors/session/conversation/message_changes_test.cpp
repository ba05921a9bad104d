#include "actors/session/conversation/message_changes.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using chat::role;
using messages = std::vector<chat::message>;

TEST_CASE("two conversations share the messages that are the same in every byte") {
  const messages a{{role::user, "one"}, {role::assistant, "first"}, {role::user, "two"}};
  auto b = a;
  CHECK(common_beginning(a, b) == 3);
  CHECK(common_beginning(a, {}) == 0);
  b.pop_back();
  CHECK(common_beginning(a, b) == 2);
  b[1].text += ' ';
  CHECK(common_beginning(a, b) == 1);
  b = a;
  b[2].speaker = role::developer;
  CHECK(common_beginning(a, b) == 2);
  b[1].json = R"({"content":"first","role":"assistant"})";
  CHECK(common_beginning(a, b) == 1);
  b[0].more = "a call";
  CHECK(common_beginning(a, b) == 0);
}
