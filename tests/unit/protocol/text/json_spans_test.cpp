#include "protocol/text/json_spans.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace nekod::json;
using strings = std::vector<std::string>;

namespace {

strings members_of(std::string_view object) {
  strings found;
  for (members m{object}; m.next();)
    found.push_back(std::string{m.name()} + " is " + std::string{m.value()} + " in " +
                    std::string{m.whole()});
  return found;
}

strings elements_of(std::string_view array) {
  strings found;
  for (elements e{array}; e.next();)
    found.emplace_back(e.value());
  return found;
}

} // namespace

TEST_CASE("the members of an object are found as they are written") {
  CHECK(members_of("{}").empty());
  CHECK(members_of(R"( { "a" : 1 ,"b":[1,{"c":"}"}] , "d":{"e":"\"]"},"f":"x\\"} )") ==
        strings{R"(a is 1 in "a" : 1)", R"(b is [1,{"c":"}"}] in "b":[1,{"c":"}"}])",
                R"(d is {"e":"\"]"} in "d":{"e":"\"]"})", R"(f is "x\\" in "f":"x\\")"});
  CHECK(members_of("\xEF\xBB\xBF{\"a\":null}") == strings{R"(a is null in "a":null)"});
}

TEST_CASE("a name is compared decoded, and each member of one name is found") {
  CHECK(members_of(R"({"\u006dodel":1,"model":2})") ==
        strings{R"(model is 1 in "\u006dodel":1)", R"(model is 2 in "model":2)"});
  CHECK(find_span(R"({"b":0,"\u0061":1,"a":2})", "a") == "1");
  CHECK(find_span(R"({"b":0})", "a").empty());
}

TEST_CASE("the elements of an array are found as they are written") {
  CHECK(elements_of("[]").empty());
  CHECK(elements_of(R"([ 1, "a,]" , [2,[3]],{"b":[]} ,true])") ==
        strings{"1", R"("a,]")", "[2,[3]]", R"({"b":[]})", "true"});
}

TEST_CASE("a text that is not JSON is read within its bounds") {
  for (const auto* text : {"", "{", "[", "x", "{\"a\"", "{\"a\":", "{\"a\":\"", "{\"a\":\"\\",
                           "{\"a\":[", "{a:1}", "[,", "[[", "}", "{\"a\":}", "[}", "{\"a\":1,,}"}) {
    CAPTURE(text);
    CHECK(members_of(text).size() <= 2);
    CHECK(elements_of(text).size() <= 2);
  }
}
