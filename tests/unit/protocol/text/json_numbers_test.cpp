#include "protocol/text/json.hpp"
#include "protocol/text/json_numbers.hpp"

#include <doctest/doctest.h>

using namespace nekod;

TEST_CASE("numbers that JSON does not have become null") {
  const char* const table[][2] = {
      {R"({"logprob":-Infinity})", R"({"logprob":null})"},
      {R"([NaN,Infinity,-inf,-nan,+Infinity,1])", "[null,null,null,null,null,1]"},
      {"NaN", "null"},
      {R"({"a":-Infinity,"b":"-Infinity \" NaN","c":inf})",
       R"({"a":null,"b":"-Infinity \" NaN","c":null})"},
  };
  for (const auto& [foreign, expected] : table) {
    CAPTURE(foreign);
    CHECK(json::has_odd_number(foreign));
    CHECK(json::without_odd_numbers(foreign) == expected);
    CHECK(json::parse_foreign(foreign).error == json::fault::none);
  }
}

TEST_CASE("everything else stays as it is") {
  for (const auto* text : {"", "{", R"("NaN)", R"({"NaN":"Infinity"})",
                           R"(["\"",-1.5e+3,true,null])", "Nano", "infinite", "[-1]", "\"\\"}) {
    CAPTURE(text);
    CHECK_FALSE(json::has_odd_number(text));
    CHECK(json::without_odd_numbers(text) == text);
  }
}
