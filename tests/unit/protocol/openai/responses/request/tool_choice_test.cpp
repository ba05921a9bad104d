#include "protocol/openai/responses/request/tool_choice.hpp"
#include "protocol/openai/responses/request/tools.hpp"
#include "tests/unit/support/responses_input.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using namespace nekod::openai::responses;

namespace {

constexpr std::string_view some_tools =
    R"([{"type":"function","name":"f"},{"type":"custom","name":"c"},{"type":"web_search"},
        {"type":"namespace","name":"ns","tools":[{"type":"function","name":"g"}]}])";

result<declared_tools, chat::failure> chosen(std::string_view choice,
                                             std::string_view tools = some_tools) {
  const auto declared = json::parse(tools);
  const auto doc = json::parse(choice);
  REQUIRE(declared);
  REQUIRE(doc);
  return read_tools(&declared.root, &doc.root);
}

std::string refusal(std::string_view choice, std::string_view tools = some_tools) {
  const auto r = chosen(choice, tools);
  return r ? std::string{} : test::in_words(r.error());
}

} // namespace

TEST_CASE("a mode goes up as it is") {
  for (const std::string mode : {"none", "auto", "required"}) {
    CAPTURE(mode);
    const auto tools = chosen("\"" + mode + "\"");
    REQUIRE(tools);
    CHECK(tools->chat.ends_with(R"(],"tool_choice":")" + mode + "\""));
    CHECK(tools->echo.ends_with(R"(],"tool_choice":")" + mode + "\""));
    CHECK(tools->forced == (mode == "required"));
    CHECK_FALSE(tools->allowed);
  }
}

TEST_CASE("without tools no choice goes up") {
  for (const auto* choice : {R"("auto")", R"("none")"}) {
    const auto tools = chosen(choice, "[]");
    REQUIRE(tools);
    CHECK(tools->chat.empty());
  }
}

TEST_CASE("a forced tool is named as the function that stands for it") {
  const std::pair<const char*, const char*> rows[] = {
      {R"({"type":"function","name":"f"})", "f"},
      {R"({"type":"custom","name":"c"})", "c"},
      {R"({"type":"function","name":"g","namespace":"ns"})", "ns__g"},
      {R"({"type":"function","name":"ns__g"})", "ns__g"},
  };
  for (const auto& [choice, function] : rows) {
    CAPTURE(choice);
    const auto tools = chosen(choice);
    REQUIRE(tools);
    CHECK(tools->forced);
    CHECK(tools->chat.ends_with(R"(,"tool_choice":{"type":"function","function":{"name":")" +
                                std::string{function} + R"("}})"));
    CHECK(tools->echo.ends_with(R"("tool_choice":)" + std::string{choice}));
  }
}

TEST_CASE("only allowed tools go up") {
  const auto tools = chosen(R"({"type":"allowed_tools","mode":"required","tools":[
    {"type":"function","name":"f"},{"type":"function","name":"g","namespace":"ns"}]})");
  REQUIRE(tools);
  CHECK(tools->chat ==
        R"(,"tools":[{"type":"function","function":{"name":"f"}},)"
        R"({"type":"function","function":{"name":"ns__g"}}],"tool_choice":"required")");
  CHECK(tools->forced);
  REQUIRE(tools->allowed);
  CHECK(*tools->allowed == std::set<std::string, std::less<>>{"f", "ns__g"});
}

TEST_CASE("a namespace among the allowed tools allows all of its tools") {
  const auto tools =
      chosen(R"({"type":"allowed_tools","tools":[{"type":"namespace","name":"ns"}]})");
  REQUIRE(tools);
  REQUIRE(tools->allowed);
  CHECK(tools->allowed->contains("ns__g"));
  CHECK_FALSE(tools->allowed->contains("f"));
}

TEST_CASE("the mode of allowed tools may be missing, and hosted ones among them are left out") {
  const auto tools = chosen(R"({"type":"allowed_tools","tools":[{"type":"custom","name":"c"},
    {"type":"web_search"},{"type":"function","name":"unknown"}]})");
  REQUIRE(tools);
  CHECK(tools->chat.ends_with(R"(],"tool_choice":"auto")"));
  CHECK(tools->chat.find(R"("name":"f")") == std::string::npos);
  CHECK(tools->echo.ends_with(
      R"("tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"custom","name":"c"},)"
      R"({"type":"web_search"},{"type":"function","name":"unknown"}]})"));
  CHECK_FALSE(tools->forced);
}

TEST_CASE("with no allowed tool left none goes up") {
  const auto tools = chosen(R"({"type":"allowed_tools","tools":[{"type":"web_search"}]})");
  REQUIRE(tools);
  CHECK(tools->chat.empty());
  REQUIRE(tools->allowed);
  CHECK(tools->allowed->empty());
}

TEST_CASE("a choice that is malformed, or forces what does not go up, is refused") {
  const std::pair<const char*, const char*> rows[] = {
      {R"("any")", "invalid_value tool_choice: expected none, auto, required or an object"},
      {"{}", "missing_required_parameter tool_choice.type: "},
      {R"({"type":"function"})", "missing_required_parameter tool_choice.name: "},
      {R"({"type":"function","name":"x"})",
       "invalid_value tool_choice: the tool is not among `tools`"},
      {R"({"type":"function","name":"c"})",
       "invalid_value tool_choice: the tool is not among `tools`"},
      {R"({"type":"function","name":"g"})",
       "invalid_value tool_choice: the tool is not among `tools`"},
      {R"({"type":"web_search"})", "unsupported_parameter tool_choice: "},
      {R"({"type":"mcp","server_label":"s"})", "unsupported_parameter tool_choice: "},
      {R"({"type":"allowed_tools"})", "missing_required_parameter tool_choice.tools: "},
      {R"({"type":"allowed_tools","tools":{}})",
       "invalid_type tool_choice.tools: expected an array"},
      {R"({"type":"allowed_tools","tools":[7]})",
       "invalid_type tool_choice.tools[0]: expected an object"},
      {R"({"type":"allowed_tools","tools":[{}]})",
       "missing_required_parameter tool_choice.tools[0].type: "},
      {R"({"type":"allowed_tools","mode":"some","tools":[]})",
       "invalid_value tool_choice.mode: expected none, auto or required"},
      {R"({"type":"allowed_tools","mode":"required","tools":[{"type":"web_search"}]})",
       "unsupported_parameter tool_choice: "},
  };
  for (const auto& [choice, words] : rows) {
    CAPTURE(choice);
    CHECK(refusal(choice) == words);
  }
  CHECK(refusal(R"("required")", R"([{"type":"web_search"}])") ==
        "unsupported_parameter tool_choice: ");
  CHECK(refusal(R"("required")", "[]") == "invalid_value tool_choice: there are no tools to call");
}
