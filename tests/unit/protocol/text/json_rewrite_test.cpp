#include "protocol/text/json.hpp"
#include "protocol/text/json_rewrite.hpp"

#include <doctest/doctest.h>

#include <string_view>

using namespace nekod;

TEST_CASE("unchanged parts stay as they were written") {
  constexpr std::string_view text =
      R"({"a": 1.50, "b" : [ {"c": "\u0041"} ,{}, []] , "d": "x", "e": null, "h": 2})";
  auto doc = json::parse(text);
  auto& root = doc.root;
  auto& pool = root.GetAllocator();
  *json::find(root, "d") = json::value{7};
  root.AddMember("f", json::value{true}, pool);
  (*json::find(root, "b"))[0].AddMember("g", "h", pool);
  CHECK(json::rewritten(root, text)
            .starts_with(R"({"a": 1.50,"b" : [{"c": "\u0041","g":"h"},{},[]],"d": 7,"e": null,)"));
  CHECK(json::parse(json::rewritten(root, text)).root == root);
  *json::find(root, "b") = json::value{rapidjson::kObjectType};
  root.RemoveMember("a");
  CHECK(json::parse(json::rewritten(root, text)).root == root);
}
