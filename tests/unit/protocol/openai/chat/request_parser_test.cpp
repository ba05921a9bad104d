#include "protocol/openai/chat/request_parser.hpp"
#include "protocol/openai/errors.hpp"
#include "tests/unit/support/parsed_request.hpp"

#include <doctest/doctest.h>

#include <ostream>

using namespace nekod;
using namespace nekod::chat;

using strings = std::vector<std::string>;

namespace nekod::chat {

std::ostream& operator<<(std::ostream& out, failure_code code) { return out << name_of(code); }

} // namespace nekod::chat

namespace {

constexpr std::string_view hello = R"("messages":[{"role":"user","content":"hello"}])";

/// A valid body with further members.
std::string with(std::string_view members) {
  return "{" + std::string{hello} + "," + std::string{members} + "}";
}

/// A body with these messages.
std::string saying(std::string_view messages) {
  return R"({"model":"m","messages":[)" + std::string{messages} + "]}";
}

request parsed(std::string body) {
  CAPTURE(body);
  auto r = nekod::test::parse_request(std::move(body));
  REQUIRE_MESSAGE(r, openai::message_of(r.error(), language::en));
  REQUIRE_FALSE(r->objection);
  return *r;
}

struct refusal {
  std::string body;
  failure_code code;
  std::string_view param;
  std::string_view detail;
};

void check_refused(const std::vector<refusal>& rows) {
  for (const auto& row : rows) {
    const auto body = row.body.substr(0, 200);
    CAPTURE(body);
    const auto r = nekod::test::parse_request(row.body);
    REQUIRE((!r || r->objection));
    const auto& e = r ? *r->objection : r.error();
    CHECK(e.code == row.code);
    CHECK(e.param == row.param);
    CHECK(e.detail == row.detail);
  }
}

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

} // namespace

TEST_CASE("the manual's request is read") {
  const auto r = parsed(R"({
    "model": "mihoyo-orange_cat",
    "messages": [
      {"role": "system", "content": "You are a helpful assistant."},
      {"role": "user", "content": "你好，请介绍一下你自己"}
    ],
    "temperature": 0.7, "max_tokens": 1000, "stream": false, "session_id": "uuid-1"
  })");
  CHECK(r.model == "mihoyo-orange_cat");
  REQUIRE(r.messages.size() == 2);
  CHECK(r.messages[0].speaker == role::system);
  CHECK(r.messages[0].text == "You are a helpful assistant.");
  CHECK(r.messages[1].speaker == role::user);
  CHECK(r.messages[1].text == "你好，请介绍一下你自己");
  CHECK_FALSE(r.stream);
  CHECK_FALSE(r.include_usage);
  CHECK(r.session_id == "uuid-1");
  CHECK(r.tuning == strings{"temperature"});
  CHECK(r.limits.pieces == 1000);
  CHECK(r.demands.empty());
}

TEST_CASE("a body that is not a JSON object is refused by its fault") {
  check_refused({
      {"", failure_code::empty_body, "", ""},
      {" \r\n\t", failure_code::empty_body, "", ""},
      {"{", failure_code::invalid_json, "", "at byte 1"},
      {"{} x", failure_code::invalid_json, "", "at byte 3"},
      {"model=a", failure_code::invalid_json, "", "at byte 0"},
      {with(R"("a":1e999)"), failure_code::invalid_json, "", "at byte 52"},
      {"{\"a\":\"\xFF\"}", failure_code::invalid_encoding, "", "at byte 6"},
      {R"({"a":"\ud800"})", failure_code::invalid_encoding, "", "at byte 6"},
      {with(R"("a":)" + nested(64)), failure_code::nesting_too_deep, "", "the limit is 64 levels"},
      {"[]", failure_code::invalid_type, "", "expected an object"},
      {"null", failure_code::invalid_type, "", "expected an object"},
      {R"("text")", failure_code::invalid_type, "", "expected an object"},
  });
  CHECK(nekod::test::parse_request(with(R"("a":)" + nested(63))));
}

TEST_CASE("messages without a user's text are refused") {
  check_refused({
      {"{}", failure_code::missing_required_parameter, "messages", ""},
      {R"({"messages":null})", failure_code::missing_required_parameter, "messages", ""},
      {R"({"messages":"hello"})", failure_code::invalid_type, "messages", "expected an array"},
      {R"({"messages":{}})", failure_code::invalid_type, "messages", "expected an array"},
      {R"({"messages":[]})", failure_code::empty_messages, "messages", ""},
      {saying(R"({"role":"system","content":"a"})"), failure_code::no_user_message, "messages", ""},
      {saying(R"({"role":"user","content":""})"), failure_code::no_user_message, "messages", ""},
      {saying(R"({"role":"user","content":null})"), failure_code::no_user_message, "messages", ""},
      {saying(R"({"role":"user","content":" \n\t\r"})"), failure_code::no_user_message, "messages",
       ""},
      {saying(R"({"role":"user","content":[]})"), failure_code::no_user_message, "messages", ""},
      {saying(R"({"role":"user","content":[{"type":"text","text":" "}]})"),
       failure_code::no_user_message, "messages", ""},
      {saying(R"({"role":"user","content":"a"},{"role":"user","content":" "})"),
       failure_code::no_user_message, "messages", ""},
  });
}

TEST_CASE("an invalid message is refused by its position") {
  const std::string before = R"({"role":"user","content":"a"},)";
  check_refused({
      {saying(before + "7"), failure_code::invalid_type, "messages[1]", "expected an object"},
      {saying("null"), failure_code::invalid_type, "messages[0]", "expected an object"},
      {saying(before + R"({"content":"b"})"), failure_code::missing_required_parameter,
       "messages[1].role", ""},
      {saying(R"({"role":null,"content":"b"})"), failure_code::missing_required_parameter,
       "messages[0].role", ""},
      {saying(R"({"role":1,"content":"b"})"), failure_code::invalid_type, "messages[0].role",
       "expected a string"},
      {saying(R"({"role":"cat","content":"b"})"), failure_code::invalid_value, "messages[0].role",
       "expected system, developer, user, assistant, tool or function"},
      {saying(R"({"role":"User","content":"b"})"), failure_code::invalid_value, "messages[0].role",
       "expected system, developer, user, assistant, tool or function"},
      {saying(R"({"role":"user"})"), failure_code::missing_required_parameter,
       "messages[0].content", ""},
      {saying(R"({"role":"system"})"), failure_code::missing_required_parameter,
       "messages[0].content", ""},
      {saying(R"({"role":"developer"})"), failure_code::missing_required_parameter,
       "messages[0].content", ""},
      {saying(R"({"role":"user","content":7})"), failure_code::invalid_type, "messages[0].content",
       "expected a string or an array of parts"},
      {saying(R"({"role":"assistant","content":{}})"), failure_code::invalid_type,
       "messages[0].content", "expected a string or an array of parts"},
      {saying(R"({"role":"user","content":["a"]})"), failure_code::invalid_type,
       "messages[0].content[0]", "expected an object"},
      {saying(R"({"role":"user","content":[{"text":"a"}]})"),
       failure_code::missing_required_parameter, "messages[0].content[0].type", ""},
      {saying(R"({"role":"user","content":[{"type":7}]})"), failure_code::invalid_type,
       "messages[0].content[0].type", "expected a string"},
      {saying(R"({"role":"user","content":[{"type":"text","text":"a"},{"type":"smell"}]})"),
       failure_code::invalid_value, "messages[0].content[1].type",
       "expected text, refusal, image_url, input_audio or file"},
      {saying(R"({"role":"user","content":[{"type":"text"}]})"),
       failure_code::missing_required_parameter, "messages[0].content[0].text", ""},
      {saying(R"({"role":"user","content":[{"type":"text","text":7}]})"),
       failure_code::invalid_type, "messages[0].content[0].text", "expected a string"},
  });
}

TEST_CASE("every role and every form of content that clients send is read") {
  const auto r = parsed(saying(R"(
    {"role":"developer","content":[{"type":"text","text":"rules","cache_control":{}}]},
    {"role":"system","content":null,"name":"n"},
    {"role":"assistant","tool_calls":[{"id":"1"}]},
    {"role":"assistant","content":null,"reasoning_content":"hm"},
    {"role":"assistant","content":[{"type":"refusal","refusal":"no"}]},
    {"role":"tool","tool_call_id":"1","content":{"a":[1]}},
    {"role":"tool"},
    {"role":"function","name":"f","content":null},
    {"role":"user","content":[{"type":"text","text":""},{"type":"text","text":"one"},
                              {"type":"text","text":"two"}],"id":"x"},
    {"role":"assistant","content":""})"));
  struct row {
    role speaker;
    std::string_view text;
  };
  const std::vector<row> rows{
      {role::developer, "rules"}, {role::system, ""},      {role::assistant, ""},
      {role::assistant, ""},      {role::assistant, "no"}, {role::tool, R"({"a":[1]})"},
      {role::tool, ""},           {role::function, ""},    {role::user, "\none\ntwo"},
      {role::assistant, ""},
  };
  REQUIRE(r.messages.size() == rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CAPTURE(i);
    CHECK(name_of(r.messages[i].speaker) == name_of(rows[i].speaker));
    CHECK(r.messages[i].text == rows[i].text);
  }
  CHECK(r.demands.empty());
  CHECK(newest_user_message(r) == 8);
}

TEST_CASE("the newest user message is found at any position") {
  CHECK(newest_user_message(parsed(saying(R"({"role":"user","content":"a"})"))) == 0);
  CHECK(newest_user_message(parsed(saying(R"({"role":"user","content":" "},
    {"role":"assistant","content":"b"},{"role":"user","content":"c"})"))) == 2);
  CHECK(newest_user_message(parsed(saying(R"({"role":"system","content":"a"},
    {"role":"user","content":"b"},{"role":"system","content":"c"})"))) == 1);
}

TEST_CASE("parts other than text become demands, in the history as well") {
  const auto r = parsed(saying(R"(
    {"role":"user","content":[{"type":"text","text":"see"},
                              {"type":"image_url","image_url":{"url":"data:,"}}]},
    {"role":"assistant","content":"nice"},
    {"role":"user","content":[{"type":"input_audio"},{"type":"file"}]})"));
  CHECK(r.demands ==
        strings{"messages[0].content[1]", "messages[2].content[0]", "messages[2].content[1]"});
  CHECK(r.messages[0].text == "see");
  CHECK(r.messages[2].text.empty());
}

TEST_CASE("a parameter tunes, demands or has no effect") {
  struct row {
    std::string_view members;
    strings tuning;
    strings demands;
  };
  const std::vector<row> rows{
      {R"("temperature":0)", {"temperature"}, {}},
      {R"("temperature":2.0)", {"temperature"}, {}},
      {R"("top_p":1,"frequency_penalty":-2,"presence_penalty":2)",
       {"top_p", "frequency_penalty", "presence_penalty"},
       {}},
      {R"("max_tokens":1,"max_completion_tokens":5,"stop":"x","n":2)", {}, {}},
      {R"("seed":-9223372036854775808)", {"seed"}, {}},
      {R"("logprobs":true,"top_logprobs":20)", {"logprobs", "top_logprobs"}, {}},
      {R"("logprobs":false)", {}, {}},
      {R"("logit_bias":{"1":2})", {"logit_bias"}, {}},
      {R"("reasoning_effort":"xhigh","verbosity":"low")", {"reasoning_effort", "verbosity"}, {}},
      {R"("web_search_options":{})", {"web_search_options"}, {}},
      {R"("response_format":{"type":"text"})", {}, {}},
      {R"("response_format":{"type":"json_object"})", {"response_format"}, {}},
      {R"("response_format":{"type":"json_schema","json_schema":{}})", {}, {"response_format"}},
      {R"("tools":[],"functions":[])", {}, {}},
      {R"("tools":[{"type":"function"}],"functions":[{"name":"f"}])", {}, {"tools", "functions"}},
      {R"("tool_choice":"auto","function_call":{"name":"f"},"parallel_tool_calls":true)", {}, {}},
      {R"("modalities":["text"])", {}, {}},
      {R"("modalities":["text","audio"],"audio":{"voice":"a"})", {}, {"modalities", "audio"}},
      {R"("user":"u","metadata":{"a":"b"},"store":true,"service_tier":"auto")", {}, {}},
      {R"("safety_identifier":"s","prompt_cache_key":"k","prompt_cache_retention":"24h",
          "prompt_cache_options":{},"prediction":{},"moderation":{})",
       {},
       {}},
      {R"("top_k":"any","min_p":[],"thinking":{},"enable_thinking":7,"chat_id":1,"":0)", {}, {}},
      {R"("temperature":1,"temperature":9)", {"temperature"}, {}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.members);
    const auto r = parsed(with(row.members));
    CHECK(r.tuning == row.tuning);
    CHECK(r.demands == row.demands);
  }
}

TEST_CASE("limits and the number of answers are read") {
  struct row {
    std::string_view members;
    std::uint32_t choices;
    std::optional<std::uint64_t> pieces;
    strings stop;
  };
  const std::vector<row> rows{
      {R"("user":"u")", 1, std::nullopt, {}},
      {R"("n":1)", 1, std::nullopt, {}},
      {R"("n":128)", 128, std::nullopt, {}},
      {R"("max_tokens":7)", 1, 7, {}},
      {R"("max_completion_tokens":9223372036854775807)", 1, 9223372036854775807U, {}},
      {R"("max_tokens":100.0,"max_completion_tokens":5)", 1, 5, {}},
      {R"("max_tokens":5,"max_completion_tokens":100)", 1, 5, {}},
      {R"("max_tokens":5,"max_completion_tokens":null)", 1, 5, {}},
      {R"("stop":"x")", 1, std::nullopt, {"x"}},
      {R"("stop":["a","\n","喵","d"])", 1, std::nullopt, {"a", "\n", "喵", "d"}},
      {R"("stop":["","a",""])", 1, std::nullopt, {"a"}},
      {R"("stop":"")", 1, std::nullopt, {}},
      {R"("stop":[])", 1, std::nullopt, {}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.members);
    const auto r = parsed(with(row.members));
    CHECK_FALSE(r.objection);
    CHECK(r.choices == row.choices);
    CHECK(r.limits.pieces == row.pieces);
    CHECK(r.limits.stop == row.stop);
  }
}

TEST_CASE("null means absent for every parameter") {
  for (const std::string_view name : {"audio",
                                      "frequency_penalty",
                                      "function_call",
                                      "functions",
                                      "logit_bias",
                                      "logprobs",
                                      "max_completion_tokens",
                                      "max_tokens",
                                      "metadata",
                                      "modalities",
                                      "model",
                                      "moderation",
                                      "n",
                                      "parallel_tool_calls",
                                      "prediction",
                                      "presence_penalty",
                                      "prompt_cache_key",
                                      "prompt_cache_options",
                                      "prompt_cache_retention",
                                      "reasoning_effort",
                                      "response_format",
                                      "safety_identifier",
                                      "seed",
                                      "service_tier",
                                      "session_id",
                                      "stop",
                                      "store",
                                      "stream",
                                      "stream_options",
                                      "temperature",
                                      "tool_choice",
                                      "tools",
                                      "top_logprobs",
                                      "top_p",
                                      "user",
                                      "verbosity",
                                      "web_search_options"}) {
    CAPTURE(name);
    const auto r = parsed(with("\"" + std::string{name} + "\":null"));
    CHECK(r.tuning.empty());
    CHECK(r.demands.empty());
    CHECK(r.limits.empty());
    CHECK(r.choices == 1);
    CHECK(r.model.empty());
    CHECK(r.session_id.empty());
    CHECK_FALSE(r.stream);
    CHECK_FALSE(r.include_usage);
  }
}

TEST_CASE("a parameter of the wrong type is refused by its name") {
  struct row {
    std::string_view expected;
    std::string_view wrong;
    strings names;
  };
  const std::vector<row> rows{
      {"a boolean", "\"true\"", {"logprobs", "parallel_tool_calls", "store", "stream"}},
      {"a string",
       "7",
       {"model", "prompt_cache_key", "prompt_cache_retention", "reasoning_effort",
        "safety_identifier", "service_tier", "session_id", "user", "verbosity"}},
      {"an array", "{}", {"functions", "modalities", "tools"}},
      {"an object",
       "[]",
       {"audio", "logit_bias", "metadata", "moderation", "prediction", "prompt_cache_options",
        "response_format", "stream_options", "web_search_options"}},
      {"a number from -2 to 2", "\"1\"", {"frequency_penalty", "presence_penalty"}},
      {"a number from 0 to 2", "true", {"temperature"}},
      {"a number from 0 to 1", "[1]", {"top_p"}},
      {"an integer of at least 1", "1.5", {"max_completion_tokens", "max_tokens"}},
      {"an integer from 1 to 128", "\"1\"", {"n"}},
      {"an integer from 0 to 20", "0.5", {"top_logprobs"}},
      {"an integer", "9223372036854775808", {"seed"}},
      {"a string or an array of strings", "{}", {"stop"}},
      {"a string or an object", "[]", {"function_call", "tool_choice"}},
  };
  for (const auto& row : rows)
    for (const auto& name : row.names)
      check_refused({{with("\"" + name + "\":" + std::string{row.wrong}),
                      failure_code::invalid_type, name, "expected " + std::string{row.expected}}});
}

TEST_CASE("a parameter out of its range is refused with the range") {
  const auto value = failure_code::invalid_value;
  check_refused({
      {with(R"("temperature":2.01)"), value, "temperature", "expected a number from 0 to 2"},
      {with(R"("temperature":-0.01)"), value, "temperature", "expected a number from 0 to 2"},
      {with(R"("top_p":1.5)"), value, "top_p", "expected a number from 0 to 1"},
      {with(R"("presence_penalty":-3)"), value, "presence_penalty",
       "expected a number from -2 to 2"},
      {with(R"("max_tokens":0)"), value, "max_tokens", "expected an integer of at least 1"},
      {with(R"("max_completion_tokens":-1)"), value, "max_completion_tokens",
       "expected an integer of at least 1"},
      {with(R"("n":0)"), value, "n", "expected an integer from 1 to 128"},
      {with(R"("n":129)"), value, "n", "expected an integer from 1 to 128"},
      {with(R"("top_logprobs":21)"), value, "top_logprobs", "expected an integer from 0 to 20"},
      {with(R"("stop":["a","b","c","d","e"])"), value, "stop", "expected up to 4 strings"},
      {with(R"("response_format":{"type":"xml"})"), value, "response_format.type",
       "expected text, json_object or json_schema"},
  });
}

TEST_CASE("the contents of a parameter are checked as well") {
  const auto type = failure_code::invalid_type;
  check_refused({
      {with(R"("stop":["a",7])"), type, "stop[1]", "expected a string"},
      {with(R"("modalities":[7])"), type, "modalities[0]", "expected a string"},
      {with(R"("stream_options":{"include_usage":1})"), type, "stream_options.include_usage",
       "expected a boolean"},
      {with(R"("response_format":{"type":7})"), type, "response_format.type", "expected a string"},
      {with(R"("response_format":{})"), failure_code::missing_required_parameter,
       "response_format.type", ""},
  });
}

TEST_CASE("streaming and its usage chunk are requested separately") {
  CHECK(parsed(with(R"("stream":true)")).stream);
  CHECK_FALSE(parsed(with(R"("stream":true)")).include_usage);
  CHECK(parsed(with(R"("stream":true,"stream_options":{"include_usage":true})")).include_usage);
  CHECK_FALSE(
      parsed(with(R"("stream":true,"stream_options":{"include_usage":false})")).include_usage);
  CHECK_FALSE(
      parsed(with(R"("stream":true,"stream_options":{"include_usage":null})")).include_usage);
  CHECK_FALSE(parsed(with(R"("stream_options":{"include_obfuscation":true})")).include_usage);
}

TEST_CASE("a session id is 1 to 128 characters of a small alphabet") {
  const std::string longest(128, 'x');
  for (const std::string_view id :
       std::initializer_list<std::string_view>{"a", "A-Z_a.z:0-9", "..", longest}) {
    CAPTURE(id);
    CHECK(valid_session_id(id));
    CHECK(parsed(with(R"("session_id":")" + std::string{id} + "\"")).session_id == id);
  }
  CHECK_FALSE(valid_session_id(""));
  CHECK(parsed(with(R"("session_id":"")")).session_id.empty());
  for (const auto& id : {longest + "x", std::string{"a b"}, std::string{"a/b"}, std::string{"猫"},
                         std::string{"a%41"}}) {
    CAPTURE(id);
    CHECK_FALSE(valid_session_id(id));
    check_refused({{with(R"("session_id":")" + id + "\""), failure_code::invalid_session_id,
                    "session_id", "expected 1 to 128 characters of A-Z a-z 0-9 _ . : -"}});
  }
  CHECK_FALSE(valid_session_id({"a\0", 2}));
}

TEST_CASE("a model may be missing, null or empty") {
  CHECK(parsed("{" + std::string{hello} + "}").model.empty());
  CHECK(parsed(with(R"("model":"")")).model.empty());
  CHECK(parsed(with(R"("model":"猫")")).model == "猫");
}

TEST_CASE("a role has its word on the wire") {
  CHECK(name_of(role::system) == "system");
  CHECK(name_of(role::developer) == "developer");
  CHECK(name_of(role::user) == "user");
  CHECK(name_of(role::assistant) == "assistant");
  CHECK(name_of(role::tool) == "tool");
  CHECK(name_of(role::function) == "function");
}

TEST_CASE("a large body is read whole") {
  const std::string megabyte(1 << 20, 'x');
  const auto r = parsed(saying(R"({"role":"user","content":")" + megabyte + "\"}"));
  CHECK(r.messages[0].text == megabyte);
}

TEST_CASE("too many messages or parts are refused before they are read") {
  auto times = [](std::size_t n, const std::string& item) {
    std::string out = item;
    for (std::size_t i = 1; i < n; ++i)
      out += "," + item;
    return out;
  };
  const std::string one = R"({"role":"user","content":"x"})";
  const std::string part = R"({"type":"text","text":"x"})";
  CHECK(openai::parse_chat_request(saying(times(3, one)), 3));
  CHECK(openai::parse_chat_request(saying(R"({"role":"user","content":[)" + times(12, part) + "]}"),
                                   3));
  for (const auto& body : {saying(times(4, one)), saying(times(4, "1")),
                           saying(R"({"role":"user","content":[)" + times(13, part) + "]}")}) {
    const auto r = openai::parse_chat_request(body, 3);
    REQUIRE_FALSE(r);
    CHECK(r.error().code == failure_code::conversation_too_large);
    CHECK(r.error().param == "messages");
  }
  const auto by_default = nekod::settings{}.transcript_messages;
  CHECK(nekod::test::parse_request(saying(times(by_default, one))));
  CHECK_FALSE(nekod::test::parse_request(saying(times(by_default + 1, one))));
}
