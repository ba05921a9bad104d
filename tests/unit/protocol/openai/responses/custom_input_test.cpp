#include "protocol/openai/responses/custom_input.hpp"
#include "protocol/text/json.hpp"

#include <doctest/doctest.h>

#include <ostream>
#include <string>

using namespace nekod;
using namespace nekod::openai::responses;

namespace {

/// The input that comes out of *arguments* in pieces of *step* bytes, decoded. All that has come
/// out must be whole at any time.
std::string input_of(const std::string& arguments, std::size_t step) {
  custom_input input;
  std::string out;
  const auto check = [&] {
    const auto doc = json::parse('"' + out + '"');
    REQUIRE_MESSAGE(bool{doc}, out);
    return std::string{json::text_of(doc.root)};
  };
  for (std::size_t i = 0; i < arguments.size(); i += step) {
    input.take(std::string_view{arguments}.substr(i, step), out);
    if (step > 1 || arguments.find('\xc3') == arguments.npos)
      check();
  }
  input.finish(out);
  return check();
}

/// The same for every split.
std::string input_of(const std::string& arguments) {
  const auto whole = input_of(arguments, arguments.size() + 1);
  for (std::size_t step = 1; step <= arguments.size(); ++step) {
    CAPTURE(step);
    CHECK(input_of(arguments, step) == whole);
  }
  return whole;
}

} // namespace

TEST_CASE("the text of `input` is the input") {
  CHECK(input_of(R"({"input":"*** Begin\n\"x\"\\ \u00e9\ud83d\ude00\/"})") ==
        "*** Begin\n\"x\"\\ é😀/");
  CHECK(input_of(" {\n \"input\" : \"a\" } ") == "a");
  CHECK(input_of(R"({"input":""})").empty());
  CHECK(input_of(R"({"input":"a","more":"b"})") == "a");
}

TEST_CASE("arguments without `input` are the input themselves") {
  for (const auto* arguments : {"*** Begin Patch\n\"", R"({"patch":"x"})", R"({"input":5})", "{",
                                R"({"inp)", "", "{}", R"({"input":)"}) {
    CAPTURE(arguments);
    CHECK(input_of(arguments) == arguments);
  }
  const std::string spaces(1000, ' ');
  CHECK(input_of(spaces, 1) == spaces);
}

TEST_CASE("an input that is cut ends with its last whole character") {
  CHECK(input_of(R"({"input":"ab)") == "ab");
  CHECK(input_of(R"({"input":"ab\)") == "ab");
  CHECK(input_of(R"({"input":"ab\u00e)") == "ab");
  CHECK(input_of(R"({"input":"ab\ud83d)") == "ab");
  CHECK(input_of(R"({"input":"ab\ud83d\ude)") == "ab");
}

TEST_CASE("escapes that JSON does not have are read leniently") {
  CHECK(input_of("{\"input\":\"a\nb\tc\"}") == "a\nb\tc");
  CHECK(input_of(R"({"input":"\d\u12\u-001x"})") == R"(\d\u12\u-001x)");
  CHECK(input_of(R"({"input":"\ud83dx\ude00\ud83d\u0041\ud83d"})") ==
        "\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd"
        "A\xef\xbf\xbd");
}
