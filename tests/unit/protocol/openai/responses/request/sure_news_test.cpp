#include "protocol/openai/responses/request/sure_news.hpp"
#include "protocol/openai/responses/request/told_items.hpp"
#include "tests/unit/support/responses_input.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace nekod;
using namespace nekod::openai::responses;
using test::items_of;

namespace {

constexpr auto question = R"({"role":"user","content":"hi","id":"msg_1"})";
constexpr auto answer =
    R"({"type":"message","role":"assistant","id":"msg_2","content":[{"type":"output_text","text":"a"}]})";
constexpr auto thought = R"({"type":"reasoning","id":"rs_1","summary":[]})";
constexpr auto call =
    R"({"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":"{}"})";
constexpr auto second_call =
    R"({"type":"function_call","id":"fc_2","call_id":"c2","name":"f","arguments":"{}"})";
constexpr auto cut_call =
    R"({"type":"function_call","status":"incomplete","id":"fc_1","call_id":"c1","name":"f","arguments":"{"})";
constexpr auto result_1 = R"({"type":"function_call_output","call_id":"c1","output":"1"})";
constexpr auto result_2 = R"({"type":"function_call_output","call_id":"c2","output":"2"})";
constexpr auto news = R"({"role":"user","content":"and?"})";

std::vector<item> list(std::initializer_list<const char*> texts) {
  std::string out = "[";
  for (const auto* t : texts)
    out.append(out.size() > 1 ? "," : "").append(t);
  return items_of(out + "]");
}

/// How many items are new for sure; -1 if that is not sure. What is new is the same as in the whole
/// conversation.
int count(std::initializer_list<const char*> output, std::initializer_list<const char*> own) {
  const auto input = list({question});
  const auto said = list(output);
  const auto told = list(own);
  if (!may_be_news(told))
    return -1;
  const auto found = sure_news({input, said}, told);
  if (!found)
    return -1;
  auto all = input;
  all.insert(all.end(), said.begin(), said.end());
  const auto expected = new_items(all, told);
  CHECK(std::ranges::equal(*found, expected, {}, &item::json, &item::json));
  return static_cast<int>(found->size());
}

} // namespace

TEST_CASE("messages of the user are new after an answer without calls") {
  CHECK(count({answer}, {news}) == 1);
  CHECK(count({thought, answer}, {news, news}) == 2);
}

TEST_CASE("outputs are new if they answer each call of the last answer") {
  CHECK(count({answer, call}, {result_1}) == 1);
  CHECK(count({call, second_call}, {result_2, result_1, news}) == 3);
  CHECK(count({call, second_call}, {result_1}) == -1);
  CHECK(count({call}, {news}) == -1);
  CHECK(count({answer}, {result_1}) == -1);
  CHECK(count({call}, {result_1, result_1}) == -1);
}

TEST_CASE("what the last request and its answer have is not new") {
  CHECK(count({answer}, {question, answer, news}) == 1);
  CHECK(count({call}, {call, result_1}) == 1);
  CHECK(count({call}, {R"({"type":"function_call","call_id":"c1","name":"f","arguments":"{ }"})",
                       result_1}) == 1);
}

TEST_CASE("a reference to the last answer is not new") {
  const auto said = list({thought, answer});
  const auto found =
      sure_news({{}, said}, list({R"({"type":"item_reference","id":"rs_1"})", news}));
  REQUIRE(found);
  CHECK(found->size() == 1);
}

TEST_CASE("whatever else is said needs the whole conversation") {
  CHECK(count({answer}, {}) == -1);
  CHECK(count({answer}, {answer}) == -1);
  CHECK(count({answer}, {R"({"role":"system","content":"s"})"}) == -1);
  CHECK(count({answer}, {R"({"role":"assistant","content":"So"})"}) == -1);
  CHECK(count({answer}, {R"({"type":"item_reference","id":"msg_9"})", news}) == -1);
  CHECK(count({answer}, {R"({"role":"user","content":"x","id":"msg_9"})"}) == -1);
  CHECK(count({answer}, {call, result_1}) == -1);
  CHECK(count({answer}, {R"({"type":"reasoning","summary":[]})", news}) == -1);
}

TEST_CASE("an answer whose calls cannot be answered one by one needs the whole conversation") {
  CHECK(count({cut_call}, {news}) == -1);
  CHECK(count({call, call}, {result_1}) == -1);
  CHECK(count({R"({"type":"shell_call","call_id":"c1"})"}, {news}) == -1);
}
