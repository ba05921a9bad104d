#include "protocol/text/json_member_finder.hpp"
#include "tests/unit/support/growing.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nekod;

namespace {

constexpr std::size_t longest = 40;

test::position find(const std::string& text) {
  return test::look_in_all_cuts([] { return json::member_finder{"model", longest}; }, text);
}

/// The name found in *text*, after checking that its position is that of the last *written*.
std::string name_in(const std::string& text, const std::string& written) {
  auto found = find(text);
  REQUIRE(found);
  auto [begin, end, name] = *found;
  CHECK(text.substr(begin, end - begin) == written);
  return name;
}

} // namespace

TEST_CASE("a string member of the object itself is found at any position") {
  CHECK(name_in(R"({"model":"a"})", R"("a")") == "a");
  CHECK(name_in(R"(  {"input":["x",1,{"y":null}] , "model" : "a" , "n":1})", R"("a")") == "a");
  CHECK(name_in(R"({"n":-1.5e3,"t":true,"s":"","model":"a")", R"("a")") == "a");
  CHECK(name_in("\xef\xbb\xbf{\n\t\"model\"\r:\"a\"", R"("a")") == "a");
}

TEST_CASE("names and values are read with their escapes") {
  CHECK(name_in(R"({"mod\u0065l":"a\/b"})", R"("a\/b")") == "a/b");
  CHECK(name_in(R"({"\u006d\u006f\u0064\u0065\u006c":"a"})", R"("a")") == "a");
  CHECK(name_in(R"({"model":"\"\\\u00e9"})", R"("\"\\\u00e9")") == "\"\\\xc3\xa9");
  CHECK(name_in(R"({"x\"":"\\","model":"a"})", R"("a")") == "a");
}

TEST_CASE("a member of a nested value, or a string's content, does not count") {
  CHECK(name_in(R"({"a":{"model":"no"},"b":[{"model":"no"}],"model":"yes"})", R"("yes")") == "yes");
  CHECK(name_in(R"({"a":"\"model\":\"no\"","model":"yes"})", R"("yes")") == "yes");
  CHECK(name_in(R"({"a":{"s":"}]\"{"},"model":"yes"})", R"("yes")") == "yes");
  CHECK(name_in(R"({"Model":"no","model ":"no","model":"yes"})", R"("yes")") == "yes");
  CHECK_FALSE(find(R"({"input":"model"})"));
  CHECK_FALSE(find(R"({"a":{"model":"no"}})"));
  CHECK_FALSE(find(R"([{"model":"no"}])"));
}

TEST_CASE("the first of several members counts") {
  CHECK(name_in(R"({"model":"a","model":"b"})", R"("a")") == "a");
}

TEST_CASE("depth costs nothing") {
  const std::string deep(5'000, '[');
  const std::string ends(5'000, ']');
  json::member_finder finder{"model", longest};
  CHECK(finder.look(R"({"a":)" + deep + ends + R"(,"model":"a"})") == model_search::found);
}

TEST_CASE("a text that is not JSON, or a member that is not a string, has no name") {
  for (const auto* text :
       {"", " ", "x", "{}", "{", "[]", R"("model")", R"({"model":null,"model":"a"})",
        R"({"model":7})", R"({"model":["a"]})", R"({model:"a"})", R"({"model" "a"})",
        R"({"model":"a)", R"({,"model":"a"})", R"({"a":,"model":"a"})", R"({"a":1 2,"model":"a"})",
        R"({"model":"\x"})", "{\"model\":\"\xff\"}", "\x89PNG{\"model\":\"a\"}"}) {
    CAPTURE(text);
    CHECK_FALSE(find(text));
  }
}

TEST_CASE("a name that is too long is ignored") {
  CHECK(find(R"({"model":")" + std::string(longest - 1, 'x') + R"("})"));
  CHECK_FALSE(find(R"({"model":")" + std::string(longest + 1, 'x') + R"("})"));
}

TEST_CASE("a finder that has found an answer keeps it") {
  json::member_finder finder{"model", longest};
  CHECK(finder.look("[") == model_search::absent);
  CHECK(finder.look(R"([{"model":"a"}])") == model_search::absent);
}
