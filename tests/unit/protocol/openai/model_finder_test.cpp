#include "protocol/openai/model_finder.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nekod;
using openai::model_finder;

TEST_CASE("JSON is searched whatever its Content-Type is") {
  for (const auto* type : {"application/json", "", "application/x-www-form-urlencoded"}) {
    CAPTURE(type);
    model_finder finder{type, ""};
    CHECK(finder.look(R"({"model":"a"})") == model_search::found);
    CHECK(finder.position().name == "a");
    CHECK(finder.written("b\"c") == R"("b\"c")");
  }
}

TEST_CASE("a form's field is found as it is written") {
  model_finder finder{"multipart/form-data; boundary=x", ""};
  const std::string form = "--x\r\nContent-Disposition: form-data; name=model\r\n\r\na\r\n--x--";
  CHECK(finder.look(form) == model_search::found);
  CHECK(finder.position().name == "a");
  CHECK(finder.written("b\"c") == "b\"c");
}

TEST_CASE("an encoded body is not searched") {
  CHECK(model_finder{"application/json", "gzip"}.look(R"({"model":"a"})") == model_search::absent);
  CHECK(model_finder{"application/json", "identity"}.look(R"({"model":"a"})") ==
        model_search::found);
}
