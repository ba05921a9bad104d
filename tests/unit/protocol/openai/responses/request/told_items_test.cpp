#include "protocol/openai/responses/request/told_items.hpp"
#include "tests/unit/support/responses_input.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using namespace nekod::openai::responses;
using test::items_of;

namespace {

/// A short form of items: `u` a user's message, `a` an assistant's, `r` reasoning, `cX` a call,
/// `oX` its output, `hX` and `pX` those of a hosted tool, `iX` an incomplete call; an id may follow
/// `@`.
std::vector<item> items(std::string_view words) {
  std::string out = "[";
  while (!words.empty()) {
    const auto end = words.find(' ');
    auto word = words.substr(0, end);
    words = end == words.npos ? std::string_view{} : words.substr(end + 1);
    std::string id;
    if (const auto at = word.find('@'); at != word.npos) {
      id = R"(,"id":")" + std::string{word.substr(at + 1)} + "\"";
      word = word.substr(0, at);
    }
    const std::string name{word.substr(1)};
    const auto call_id = R"(,"call_id":")" + name + "\"" + id + "}";
    out += out.size() > 1 ? "," : "";
    switch (word.front()) {
    case 'u':
      out += R"({"role":"user","content":")" + name + "\"" + id + "}";
      break;
    case 'a':
      out += R"({"role":"assistant","content":")" + name + "\"" + id + "}";
      break;
    case 'r':
      out += R"({"type":"reasoning")" + id + "}";
      break;
    case 'c':
      out += R"({"type":"function_call","name":"f","arguments":"{}")" + call_id;
      break;
    case 'i':
      out +=
          R"({"type":"function_call","status":"incomplete","name":"f","arguments":"{")" + call_id;
      break;
    case 'o':
      out += R"({"type":"function_call_output","output":"x")" + call_id;
      break;
    case 'h':
      out += R"({"type":"shell_call")" + call_id;
      break;
    default:
      out += R"({"type":"shell_call_output","output":[])" + call_id;
    }
  }
  return items_of(out + "]");
}

std::string letter(const item& i) {
  switch (i.kind) {
  case item_kind::message:
    return i.speaker == chat::role::user ? "u" : "a";
  case item_kind::call:
    return "c" + i.call_id;
  case item_kind::output:
    return "o" + i.call_id;
  case item_kind::hosted_call:
    return "h" + i.call_id;
  case item_kind::hosted_output:
    return "p" + i.call_id;
  default:
    return "r";
  }
}

/// What is told, as `cX>oX` for a call with its output; or the failure.
std::string told(std::string_view history, std::string_view own) {
  CAPTURE(history);
  CAPTURE(own);
  const auto before = items(history);
  const auto now = items(own);
  const auto r = told_items(before, now);
  if (!r)
    return test::in_words(r.error());
  std::string out;
  for (const auto& t : *r) {
    out += (out.empty() ? "" : " ") + letter(*t.what);
    if (t.output != nullptr)
      out += ">" + letter(*t.output);
  }
  return out;
}

} // namespace

TEST_CASE("the history is told before what is new") {
  CHECK(told("u a", "u") == "u a u");
  CHECK(told("", "u") == "u");
  CHECK(told("u a", "") == "u a");
}

TEST_CASE("a call is paired with its output wherever that stands") {
  CHECK(told("", "u c1 o1") == "u c1>o1 o1");
  CHECK(told("", "u c1 c2 o2 o1") == "u c1>o1 c2>o2 o2 o1");
  CHECK(told("", "u c1 u o1") == "u c1>o1 u o1");
  CHECK(told("u c1", "o1") == "u c1>o1 o1");
}

TEST_CASE("of equal call ids the first call gets the first output") {
  const auto all = items_of(R"([
    {"type":"function_call","call_id":"call_0","name":"f","arguments":"1"},
    {"type":"function_call_output","call_id":"call_0","output":"one"},
    {"type":"function_call","call_id":"call_0","name":"f","arguments":"2"},
    {"type":"function_call_output","call_id":"call_0","output":"two"}])");
  const auto r = told_items({}, all);
  REQUIRE(r);
  REQUIRE(r->size() == 4);
  CHECK(r->at(0).output == &all[1]);
  CHECK(r->at(2).output == &all[3]);
}

TEST_CASE("a call or an output that the history has is not told again") {
  CHECK(told("u c1", "c1 o1") == "u c1>o1 o1");
  CHECK(told("u c1 o1 a", "c1 o1 u") == "u c1>o1 o1 a u");
  CHECK(told("u c1 o1", "o1 c2 o2") == "u c1>o1 o1 c2>o2 o2");
}

TEST_CASE("a second call with a used id waits for its own output") {
  CHECK(told("u c0 o0 c0", "o0") == "u c0>o0 o0 c0>o0 o0");
  CHECK(told("u c0 o0 c0", "o0 o0") == "u c0>o0 o0 c0>o0 o0");
}

TEST_CASE("an equal item with an id of the history is not told again") {
  CHECK(told("u a@msg_1", "a@msg_1 u") == "u a u");
  CHECK(told("u r@rs_1 a", "r@rs_1 u") == "u r a u");
  // The same words under no id, and other words under the same id, are new.
  CHECK(told("u@msg_1", "u") == "u u");
  CHECK(told("uone@msg_1", "utwo@msg_1") == "u u");
}

TEST_CASE("a call that was cut off is left out with its output") {
  CHECK(told("u i1", "u") == "u u");
  CHECK(told("u i1", "o1 u") == "u o1 u");
}

TEST_CASE("calls of hosted tools are told only with their outputs") {
  CHECK(told("", "u h1 p1") == "u h1>p1 p1");
  CHECK(told("", "u h1 o1") == "u h1>o1 o1");
  CHECK(told("", "u h1 u") == "u u");
  CHECK(told("", "u p1 u") == "u p1 u");
}

TEST_CASE("a call without its output is refused") {
  CHECK(told("", "u ccall_7") ==
        "invalid_value input: no tool output found for function call `call_7`");
  CHECK(told("u c1", "u") == "invalid_value input: no tool output found for function call `1`");
  CHECK(told("u c1 c2", "o1") == "invalid_value input: no tool output found for function call `2`");
}

TEST_CASE("an output without its call is refused") {
  CHECK(told("u", "ocall_7") ==
        "invalid_value input: no tool call found for function call output with call_id `call_7`");
}

TEST_CASE("an output of the history whose call was deleted is left out") {
  CHECK(told("u o1 u", "u") == "u u u");
  CHECK(told("o2 c1 o1", "u") == "c1>o1 o1 u");
  CHECK(told("o1 c1", "u") == "o1 c1>o1 u");
}

TEST_CASE("a second output of one call is left alone") {
  CHECK(told("", "u c1 o1 o1") == "u c1>o1 o1 o1");
}

TEST_CASE("items that stand for others have to be resolved") {
  const auto refused = [](std::string_view json) {
    const auto all = items_of(json);
    const auto r = told_items({}, all);
    REQUIRE_FALSE(r);
    return test::in_words(r.error());
  };
  CHECK(refused(R"([{"id":"msg_1"}])") ==
        "item_not_found input: `msg_1`; items are kept only with `store`, which is the default");
  CHECK(
      refused(R"([{"role":"user","content":"a"},{"type":"compaction","encrypted_content":"x"}])") ==
      "invalid_value input[1].encrypted_content: it was not made here, or has expired");
}
