#include "protocol/openai/call_arguments.hpp"

#include <doctest/doctest.h>

#include <ostream>
#include <string>

using namespace nekod;
using openai::comparable_arguments;

namespace {

std::optional<std::string> of(std::string_view json) {
  const auto doc = json::parse(json);
  return comparable_arguments(&doc.root);
}

} // namespace

TEST_CASE("arguments stay the same when they are read and written again") {
  CHECK(of(R"("")") == "{}");
  CHECK(of(R"(" \n")") == "{}");
  CHECK(of(R"("{}")") == "{}");
  CHECK(of(R"("{ \"a\" : [ 1 , \"\\u00e9\" ] }")") == R"({"a":[1,"é"]})");
  CHECK(of(R"("{\"a\":5000.0,\"b\":-1e3,\"c\":0.5,\"d\":1e300,\"e\":-0.0}")") ==
        R"({"a":5000,"b":-1000,"c":0.5,"d":1e300,"e":0})");
  CHECK(of(R"("[9007199254740993]")") == of(R"("[9007199254740992]")"));
  CHECK(of(R"("[18446744073709551615]")") == of(R"("[18446744073709552000]")"));
  CHECK(of(R"("[1]")") != of(R"("[2]")"));
}

TEST_CASE("what is no JSON in a string has no such form") {
  for (const auto* no : {"null", "{}", "1", R"("no")", R"("{\"a\":")"})
    CHECK_FALSE(of(no));
  CHECK_FALSE(comparable_arguments(nullptr));
}
