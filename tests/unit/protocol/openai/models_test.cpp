#include "protocol/openai/models.hpp"

#include <doctest/doctest.h>

#include <ostream>

using namespace nekod;
using namespace nekod::openai;

namespace {

chat::model_info model(std::string id, std::string upstream_name, std::uint32_t index) {
  chat::model_info m;
  m.id = std::move(id);
  m.upstream_name = std::move(upstream_name);
  m.upstream_index = index;
  return m;
}

} // namespace

TEST_CASE("an AnuNeko model is shown with the manual's fields") {
  CHECK(model_json(model("mihoyo-orange_cat", "Orange Cat", 0), 1677652288) ==
        R"({"id":"mihoyo-orange_cat","object":"model","created":1677652288,"owned_by":"anuneko",)"
        R"("permission":[],"root":"mihoyo-orange_cat","parent":null,)"
        R"("anuneko_model":"Orange Cat","anuneko_model_id":0})");
}

TEST_CASE("a list of AnuNeko models has what the upstream reported") {
  const auto first = model("a", "A \"cat\"", 0);
  const auto second = model("b", "黑猫", 1);
  CHECK(model_list_json({first, second}, 7, {"A \"cat\"", "黑猫"}) ==
        R"({"object":"list","data":[)" + model_json(first, 7) + "," + model_json(second, 7) +
            R"(],"anuneko_api_response":{"models":["A \"cat\"","黑猫"]}})");
}

TEST_CASE("no field of AnuNeko is shown with another upstream's models") {
  CHECK(model_list_json({}, 7, {}) == R"({"object":"list","data":[]})");
  auto tiny = model("tiny", "tiny", 0);
  tiny.owner = "openai";
  CHECK(model_list_json({tiny}, 7, {"tiny"}) ==
        R"({"object":"list","data":[{"id":"tiny","object":"model","created":7,"owned_by":"openai",)"
        R"("permission":[],"root":"tiny","parent":null}]})");
}

TEST_CASE("an upstream's own members stay, except for the id and the kind of object") {
  auto m = model("far/qwen", "qwen", 0);
  m.owner = "openai";
  m.members = std::make_shared<const std::string>(
      R"("created":5,"owned_by":"vllm","root":"/models/qwen","max_model_len":4096,)"
      R"("permission":[{"id":"p"}],"meta":{"n_ctx":[1]})");
  CHECK(model_json(m, 7) ==
        R"({"id":"far/qwen","object":"model","created":5,"owned_by":"vllm",)"
        R"("permission":[{"id":"p"}],"root":"/models/qwen","parent":null,"max_model_len":4096,)"
        R"("meta":{"n_ctx":[1]}})");
}

TEST_CASE("members that clients rely on have their type, whatever the upstream sends") {
  for (const auto* members :
       {R"("created":null,"owned_by":null,"root":null)", R"("created":"2024-05-01","owned_by":"")",
        R"("created":1.5,"owned_by":7)", R"("created":-1)"}) {
    auto m = model("m", "m", 0);
    m.owner = "openai";
    m.members = std::make_shared<const std::string>(members);
    CHECK(model_json(m, 7) == R"({"id":"m","object":"model","created":7,"owned_by":"openai",)"
                              R"("permission":[],"root":"m","parent":null})");
  }
}
