#include "protocol/openai/responses/request/tools.hpp"
#include "tests/unit/support/responses_input.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using namespace nekod::openai::responses;

using strings = std::vector<std::string>;

namespace {

declared_tools read(std::string_view tools) {
  CAPTURE(tools);
  const auto doc = json::parse(tools);
  REQUIRE(doc);
  auto r = read_tools(&doc.root, nullptr);
  REQUIRE_MESSAGE(r, test::in_words(r.error()));
  return *std::move(r);
}

std::string refusal(std::string_view tools) {
  const auto doc = json::parse(tools);
  REQUIRE(doc);
  const auto r = read_tools(&doc.root, nullptr);
  return r ? std::string{} : test::in_words(r.error());
}

} // namespace

TEST_CASE("a function is nested, and only what was sent goes up") {
  CHECK(read(R"([{"type":"function","name":"f"}])").chat ==
        R"(,"tools":[{"type":"function","function":{"name":"f"}}])");
  CHECK(read(R"([{"type":"function","name":"f","description":"d","parameters":{"type":"object"},
                  "strict":true,"output_schema":{},"defer_loading":true}])")
            .chat == R"(,"tools":[{"type":"function","function":{"name":"f","description":"d",)"
                     R"("parameters":{"type":"object"},"strict":true}}])");
  CHECK(read(R"([{"type":"function","name":"f","description":null,"strict":null}])").chat ==
        R"(,"tools":[{"type":"function","function":{"name":"f"}}])");
  CHECK(read(R"([{"type":"function","name":"f","strict":false}])").chat ==
        R"(,"tools":[{"type":"function","function":{"name":"f","strict":false}}])");
}

TEST_CASE("a plain function needs no bridge") {
  CHECK(read(R"([{"type":"function","name":"f"}])").bridge.find("f") == nullptr);
}

TEST_CASE("a custom tool is a function with one property, and its grammar is described") {
  const auto tools = read(R"([{"type":"custom","name":"apply_patch","description":"Edits files.",
    "format":{"type":"grammar","syntax":"lark","definition":"start: \"a\""}}])");
  CHECK(tools.chat ==
        R"(,"tools":[{"type":"function","function":{"name":"apply_patch",)"
        R"("description":"Edits files.\n\n`input` must follow this Lark grammar:\nstart: \"a\"",)"
        R"("parameters":{"type":"object","properties":{"input":{"type":"string"}},)"
        R"("required":["input"],"additionalProperties":false}}}])");
  const auto* tool = tools.bridge.find("apply_patch");
  REQUIRE(tool != nullptr);
  CHECK(tool->what == client_tool::kind::custom);
  CHECK(tool->name == "apply_patch");
  CHECK(tool->name_space.empty());
}

TEST_CASE("a custom tool may have a regular expression, free text, or no description") {
  CHECK(read(R"([{"type":"custom","name":"c",
                  "format":{"type":"grammar","syntax":"regex","definition":"a+"}}])")
            .chat.find(R"("description":"`input` must follow this regular expression:\na+")") !=
        std::string::npos);
  for (const auto* tool : {R"([{"type":"custom","name":"c","format":{"type":"text"}}])",
                           R"([{"type":"custom","name":"c"}])"})
    CHECK(read(tool).chat.find("description") == std::string::npos);
}

TEST_CASE("the tools of a namespace are flattened") {
  const auto tools = read(R"([{"type":"namespace","name":"ns","description":"d","tools":[
    {"type":"function","name":"a","parameters":{}},{"type":"custom","name":"b"},
    {"type":"web_search"},{"type":"namespace","name":"inner"}]}])");
  CHECK(tools.chat.starts_with(
      R"(,"tools":[{"type":"function","function":{"name":"ns__a","parameters":{}}},)"
      R"({"type":"function","function":{"name":"ns__b")"));
  const auto* a = tools.bridge.find("ns__a");
  REQUIRE(a != nullptr);
  CHECK(a->what == client_tool::kind::function);
  CHECK(a->name == "a");
  CHECK(a->name_space == "ns");
  const auto* b = tools.bridge.find("ns__b");
  REQUIRE(b != nullptr);
  CHECK(b->what == client_tool::kind::custom);
  CHECK(tools.ignored == strings{"tools.web_search", "tools.namespace"});
}

TEST_CASE("a flattened name is no longer than OpenAI takes, and keeps its own") {
  const std::string long_name(60, 'a');
  CHECK(upstream_name("", std::string(80, 'a')) == std::string(80, 'a'));
  CHECK(upstream_name("n", std::string(61, 'a')).size() == 64);
  const auto first = upstream_name("namespace", long_name + "1");
  CHECK(first.size() <= 64);
  CHECK(first.starts_with("namespace__aaa"));
  CHECK(first == upstream_name("namespace", long_name + "1"));
  CHECK(first != upstream_name("namespace", long_name + "2"));
  const auto tools = read(R"([{"type":"namespace","name":"namespace","tools":[
    {"type":"function","name":")" +
                          long_name + R"("}]}])");
  const auto* tool = tools.bridge.find(upstream_name("namespace", long_name));
  REQUIRE(tool != nullptr);
  CHECK(tool->name == long_name);
}

TEST_CASE("hosted tools of every kind are left out and named") {
  for (const std::string type :
       {"web_search", "web_search_preview_2025_03_11", "file_search", "code_interpreter",
        "image_generation", "mcp", "computer_use_preview", "local_shell", "shell", "apply_patch",
        "tool_search", "programmatic_tool_calling", "from_the_future"}) {
    CAPTURE(type);
    const auto tools = read(R"([{"type":")" + type + R"(","x":{}}])");
    CHECK(tools.chat.empty());
    CHECK(tools.ignored == strings{"tools." + type});
    CHECK(tools.echo == R"("tools":[{"type":")" + type + R"(","x":{}}],"tool_choice":"auto")");
  }
}

TEST_CASE("what is named as ignored fits into a header field") {
  CHECK(read(R"([{"type":"a\r\nSet-Cookie: x"}])").ignored == strings{"tools[0]"});
  CHECK(read(R"([{"type":"web_search"},{"type":"web_search"}])").ignored ==
        strings{"tools.web_search"});
  std::string many;
  for (int i = 0; i < 100; ++i)
    many += R"({"type":"t)" + std::to_string(i) + R"("},)";
  many.pop_back();
  CHECK(read("[" + many + "]").ignored.size() == 32);
}

TEST_CASE("of tools with the same name the first goes up") {
  const auto tools = read(R"([{"type":"function","name":"ns__a"},{"type":"namespace","name":"ns",
    "tools":[{"type":"function","name":"a"}]}])");
  CHECK(tools.chat == R"(,"tools":[{"type":"function","function":{"name":"ns__a"}}])");
  CHECK(tools.bridge.find("ns__a") == nullptr);
  CHECK(tools.ignored == strings{"tools[1].tools[0]"});
}

TEST_CASE("a function is repeated with all of its members") {
  CHECK(read(R"([{"type":"function","name":"f"}])").echo ==
        R"("tools":[{"type":"function","name":"f","description":null,"parameters":null,)"
        R"("strict":null}],"tool_choice":"auto")");
  CHECK(read(R"([{"type":"function","name":"f","description":"d","parameters":{},"strict":true},
                 {"type":"custom","name":"c"}])")
            .echo == R"("tools":[{"type":"function","name":"f","description":"d","parameters":{},)"
                     R"("strict":true},{"type":"custom","name":"c"}],"tool_choice":"auto")");
  CHECK(read_tools(nullptr, nullptr)->echo == R"("tools":[],"tool_choice":"auto")");
  CHECK(read_tools(nullptr, nullptr)->chat.empty());
}

TEST_CASE("a malformed tool is refused by its place") {
  const std::pair<const char*, const char*> rows[] = {
      {"[7]", "invalid_type tools[0]: expected an object"},
      {"[{}]", "missing_required_parameter tools[0].type: "},
      {R"([{"type":"function"}])", "missing_required_parameter tools[0].name: "},
      {R"([{"type":"function","function":{"name":"f"}}])",
       "missing_required_parameter tools[0].name: "},
      {R"([{"type":"function","name":""}])", "invalid_value tools[0].name: must not be empty"},
      {R"([{"type":"function","name":"f","description":1}])",
       "invalid_type tools[0].description: expected a string"},
      {R"([{"type":"custom","name":"f","strict":"x"}])",
       "invalid_type tools[0].strict: expected a boolean"},
      {R"([{"type":"function","name":"f","parameters":"{}"}])",
       "invalid_type tools[0].parameters: expected an object"},
      {R"([{"type":"web_search"},{"type":"custom"}])",
       "missing_required_parameter tools[1].name: "},
      {R"([{"type":"namespace","tools":[]}])", "missing_required_parameter tools[0].name: "},
      {R"([{"type":"namespace","name":"n","tools":{}}])",
       "invalid_type tools[0].tools: expected an array"},
      {R"([{"type":"namespace","name":"n","tools":[{"type":"function"}]}])",
       "missing_required_parameter tools[0].tools[0].name: "},
  };
  for (const auto& [sent, words] : rows) {
    CAPTURE(sent);
    CHECK(refusal(sent) == words);
  }
}
