#include "protocol/openai/responses/item.hpp"
#include "tests/unit/support/responses_input.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using namespace nekod::openai::responses;

namespace {

item one(std::string_view json) {
  auto all = test::items_of("[" + std::string{json} + "]");
  REQUIRE(all.size() == 1);
  return all.front();
}

} // namespace

TEST_CASE("an id begins with what its item's type has as prefix") {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"message", "msg_"},
      {"function_call", "fc_"},
      {"function_call_output", "fco_"},
      {"custom_tool_call", "ctc_"},
      {"custom_tool_call_output", "ctco_"},
      {"reasoning", "rs_"},
      {"compaction", "cmp_"},
      {"web_search_call", "ws_"},
      {"shell_call_output", "sho_"},
      {"item_reference", "item_"},
      {"never_heard_of", "item_"},
  };
  for (const auto& [type, prefix] : rows)
    CHECK(id_prefix(type) == prefix);
}

TEST_CASE("the kind of an item follows from its type") {
  const std::pair<std::string_view, item_kind> rows[] = {
      {"message", item_kind::message},
      {"function_call", item_kind::call},
      {"custom_tool_call", item_kind::call},
      {"function_call_output", item_kind::output},
      {"custom_tool_call_output", item_kind::output},
      {"reasoning", item_kind::reasoning},
      {"item_reference", item_kind::reference},
      {"compaction", item_kind::compaction},
      {"compaction_trigger", item_kind::other},
      {"local_shell_call", item_kind::hosted_call},
      {"apply_patch_call_output", item_kind::hosted_output},
      {"tool_search_output", item_kind::hosted_output},
      {"mcp_list_tools", item_kind::other},
      {"additional_tools", item_kind::other},
      {"never_heard_of", item_kind::other},
      {"", item_kind::other},
  };
  for (const auto& [type, kind] : rows) {
    CAPTURE(type);
    CHECK(kind_of(type) == kind);
  }
}

TEST_CASE("an item is written with its id first") {
  auto i = one(R"({"role":"user","content":"a"})");
  i.id = "msg_1";
  CHECK(to_json(i) == R"({"id":"msg_1","type":"message","status":"completed","role":"user",)"
                      R"("content":[{"type":"input_text","text":"a"}]})");
}

TEST_CASE("a stored item is read back as it was") {
  for (const auto* text : {
           R"({"role":"developer","content":"a"})",
           R"({"role":"assistant","content":"a","status":"incomplete","id":"msg_1"})",
           R"({"type":"function_call","call_id":"c","name":"f","arguments":"{}"})",
           R"({"type":"function_call_output","call_id":"c","output":"x"})",
           R"({"type":"local_shell_call_output","id":"c","output":"x"})",
           R"({"type":"reasoning","summary":[]})",
           R"({"type":"mcp_list_tools","tools":[]})",
           R"({"role":"user","content":"a","call_id":"c"})",
           R"({"type":"ghost","call_id":"c","role":"system"})",
       }) {
    CAPTURE(text);
    const auto i = one(text);
    const auto back = item_of(i.id, i.json);
    CHECK(back.id == i.id);
    CHECK(back.type == i.type);
    CHECK(back.kind == i.kind);
    CHECK(back.speaker == i.speaker);
    CHECK(back.call_id == i.call_id);
    CHECK(back.incomplete == i.incomplete);
    CHECK(back.json == i.json);
    CHECK(back.place.empty());
  }
}

TEST_CASE("items say the same whatever clients leave out of them") {
  const std::pair<const char*, const char*> same[] = {
      {R"({"id":"a","role":"user","content":"x"})",
       R"({"type":"message","role":"user","content":[{"type":"input_text","text":"x"}]})"},
      {R"({"role":"assistant","content":"x"})",
       R"({"role":"assistant","status":"in_progress","phase":"final_answer",
           "content":[{"type":"output_text","text":"x","annotations":[{"type":"u"}]}]})"},
      {R"({"type":"function_call","call_id":"c","name":"f","arguments":"{\"a\":1}"})",
       R"({"type":"function_call","call_id":"c","name":"f","arguments":"{ \"a\": 1 }","id":"b"})"},
      {R"({"type":"reasoning","summary":[{"type":"summary_text","text":"t"}]})",
       R"({"type":"reasoning","summary":[{"text":"t"}],"content":null,"encrypted_content":null})"},
  };
  for (const auto& [a, b] : same) {
    CAPTURE(a);
    CHECK(say_the_same(one(a), one(b)));
  }
}

TEST_CASE("items that differ in what they say are told apart") {
  const std::pair<const char*, const char*> different[] = {
      {R"({"role":"user","content":"x"})", R"({"role":"user","content":"y"})"},
      {R"({"role":"user","content":"x"})", R"({"role":"developer","content":"x"})"},
      {R"({"role":"user","content":[{"type":"input_image","image_url":"data:1"}]})",
       R"({"role":"user","content":[{"type":"input_image","image_url":"data:2"}]})"},
      {R"({"type":"function_call","call_id":"c","name":"f","arguments":"1"})",
       R"({"type":"function_call","call_id":"d","name":"f","arguments":"1"})"},
      {R"({"type":"function_call","call_id":"c","name":"f","arguments":"1"})",
       R"({"type":"function_call","call_id":"c","name":"f","arguments":"2"})"},
      {R"({"type":"function_call","call_id":"c","name":"f","arguments":"1"})",
       R"({"type":"function_call","call_id":"c","name":"f","arguments":"1","namespace":"n"})"},
      {R"({"type":"function_call_output","call_id":"c","output":"x"})",
       R"({"type":"custom_tool_call_output","call_id":"c","output":"x"})"},
      {R"({"type":"web_search_call","action":{"query":"a"}})",
       R"({"type":"web_search_call","action":{"query":"b"}})"},
  };
  for (const auto& [a, b] : different) {
    CAPTURE(a);
    CHECK_FALSE(say_the_same(one(a), one(b)));
  }
}

TEST_CASE("an id is kept if it is a plain word") {
  CHECK(can_keep_id("msg_0190a1b2-c3d4"));
  CHECK_FALSE(can_keep_id(""));
  CHECK_FALSE(can_keep_id("a b"));
  CHECK_FALSE(can_keep_id("a\nb"));
  CHECK_FALSE(can_keep_id(std::string(129, 'a')));
}
