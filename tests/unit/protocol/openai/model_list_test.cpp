#include "protocol/openai/model_list.hpp"

#include <doctest/doctest.h>

#include <ostream>

using namespace nekod;
using namespace nekod::openai;

namespace {

using models = std::vector<chat::listed_model>;

models read(std::string_view body) {
  auto found = parse_model_list(body);
  REQUIRE(found);
  return *found;
}

} // namespace

TEST_CASE("a list of models is read in all forms that servers use") {
  const models both{{"a"}, {"b/c"}};
  for (const auto* body : {
           R"({"object":"list","data":[{"id":"a"},{"id":"b/c"},{"no":1},null,[]]})",
           R"([{"id":"a"},{"id":"b/c"}])",
           R"(["a","b/c"])",
           " \n[ \"a\" , \"b\\/c\" ] ",
           "\xEF\xBB\xBF[\"a\",\"b/c\"]",
           R"({"data":["a","b/c"]})",
           R"({"models":["a","b/c"]})",
           R"({"data":[],"models":["a","b/c"]})",
           R"({"data":null,"models":["a","b/c"]})",
           R"({"models":["x"],"object":"list","data":["a","b/c"]})",
       }) {
    CAPTURE(body);
    CHECK(read(body) == both);
  }
  CHECK(read(R"({"models":[{"name":"llama3:8b","model":"llama3:8b","size":5}]})") ==
        models{{"llama3:8b", R"("name":"llama3:8b","model":"llama3:8b","size":5)"}});
  CHECK(read(R"([{"name":"Llama 3","model":"llama3"},{"name":"only","id":""},{"id":7}])") ==
        models{{"llama3", R"("name":"Llama 3","model":"llama3")"},
               {"only", R"("name":"only")"},
               {"7"}});
  CHECK(read("[]").empty());
  CHECK(read(R"({"data":[]})").empty());
  for (const auto* body : {"", "x", "<html>", "{}", R"({"data":{}})", R"("a")", "7", "[1,"}) {
    CAPTURE(body);
    CHECK_FALSE(parse_model_list(body));
  }
}

TEST_CASE("a model's members are kept as they were written") {
  CHECK(read(R"({"data":[{"id":"m","object":"model", "created" : 1.0e9,"meta":{"n_params":)"
             R"(123456789012345678901234567890},"owned_by":"x","created":2}]})") ==
        models{{"m", R"("created" : 1.0e9,"meta":{"n_params":123456789012345678901234567890},)"
                     R"("owned_by":"x")"}});
}

TEST_CASE("a member that some clients cannot read is left out") {
  CHECK(read(R"([{"id":"m","odd":"\ud800","\ud800":1,"good":"\ud83d\ude00"}])") ==
        models{{"m", R"("good":"\ud83d\ude00")"}});
}
