#include "protocol/openai/responses/request/create_parser.hpp"
#include "tests/unit/support/responses_input.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using namespace nekod::openai::responses;
using test::refusal_of;
using test::request_with;

using strings = std::vector<std::string>;

namespace {

/// The value of *name* in what the response repeats.
std::string echoed(std::string_view members, std::string_view name) {
  const auto echo = "{" + request_with(members).echo + "}";
  const auto doc = json::parse(echo);
  REQUIRE(doc);
  const auto* v = json::find(doc.root, name);
  REQUIRE(v != nullptr);
  return json::to_text(*v);
}

} // namespace

TEST_CASE("an empty session id is none") {
  CHECK(request_with(R"("input":"a","session_id":"")").session_id.empty());
}

TEST_CASE("the fields of a request are read") {
  const auto r = request_with(R"("model":"m","input":[{"role":"user","content":"a"}],
    "instructions":"be brief","previous_response_id":"resp_1","store":false,"stream":true,
    "background":true,"session_id":"s-1","truncation":"auto","metadata":{"a":"b"},
    "max_output_tokens":5,"unknown":{"x":[1]})");
  CHECK(r.model == "m");
  CHECK(r.input.size() == 1);
  CHECK(r.instructions == "be brief");
  CHECK(r.previous_response_id == "resp_1");
  CHECK(r.conversation.empty());
  CHECK_FALSE(r.store);
  CHECK(r.stream);
  CHECK(r.background);
  CHECK(r.session_id == "s-1");
  CHECK(r.may_truncate);
  CHECK(r.metadata == R"({"a":"b"})");
  CHECK(r.limits.pieces == 5);
  CHECK(r.parameters.empty());
}

TEST_CASE("a request has defaults, for null as for nothing") {
  for (const auto* members :
       {"", R"("model":null,"instructions":null,"previous_response_id":null,"conversation":null,
               "store":null,"stream":null,"background":null,"temperature":null,"top_p":null,
               "max_output_tokens":null,"tools":null,"tool_choice":null,"text":null,
               "reasoning":null,"include":null,"metadata":null,"truncation":null,"prompt":null,
               "stream_options":null,"parallel_tool_calls":null,"user":null)"}) {
    CAPTURE(members);
    const auto r = request_with(members);
    CHECK(r.model.empty());
    CHECK_FALSE(r.instructions);
    CHECK(r.previous_response_id.empty());
    CHECK(r.conversation.empty());
    CHECK(r.store);
    CHECK_FALSE(r.stream);
    CHECK_FALSE(r.background);
    CHECK_FALSE(r.may_truncate);
    CHECK_FALSE(r.wants_summary);
    CHECK_FALSE(r.wants_logprobs);
    CHECK(r.metadata == "{}");
    CHECK(r.limits.empty());
    CHECK(r.parameters.empty());
    CHECK(r.beside.of_openai.empty());
    CHECK(r.tuning.empty());
    CHECK(r.demands.empty());
    CHECK(r.ignored.empty());
    CHECK_FALSE(r.beside.allowed_calls);
  }
}

TEST_CASE("a conversation is named by its id or by an object") {
  CHECK(request_with(R"("conversation":"conv_1")").conversation == "conv_1");
  CHECK(request_with(R"("conversation":{"id":"conv_1"})").conversation == "conv_1");
}

TEST_CASE("input may be missing where something else says what to answer") {
  for (const auto* body : {R"({"previous_response_id":"resp_1"})", R"({"conversation":"conv_1"})",
                           R"({"instructions":"tell a joke","input":null})"}) {
    const auto r = parse_create_request(body, 10);
    REQUIRE(r);
    CHECK(r->input.empty());
  }
  const auto r = parse_create_request(R"({"model":"m"})", 10);
  REQUIRE_FALSE(r);
  CHECK(test::in_words(r.error()) == "missing_required_parameter input: ");
}

TEST_CASE("parameters go up under their names in chat completions") {
  struct row {
    const char* sent;
    const char* parameters;
    strings tuning;
    strings demands;
  };
  const row rows[] = {
      {R"("temperature":0.5)", R"(,"temperature":0.5)", {"temperature"}, {}},
      {R"("top_p":1)", R"(,"top_p":1)", {"top_p"}, {}},
      {R"("presence_penalty":-2,"frequency_penalty":2)",
       R"(,"presence_penalty":-2,"frequency_penalty":2)",
       {"presence_penalty", "frequency_penalty"},
       {}},
      {R"("reasoning":{"effort":"xhigh","summary":"auto"})",
       R"(,"reasoning_effort":"xhigh")",
       {"reasoning.effort"},
       {}},
      {R"("reasoning":{"effort":null,"context":"auto","mode":"pro"})", "", {}, {}},
      {R"("include":["message.output_text.logprobs"])", R"(,"logprobs":true)", {"include"}, {}},
      {R"("include":["reasoning.encrypted_content","what.is.this"])", "", {}, {}},
      {R"("top_logprobs":3)", R"(,"top_logprobs":3,"logprobs":true)", {"top_logprobs"}, {}},
      {R"("top_logprobs":0)", "", {}, {}},
      {R"("text":{"format":{"type":"text"}})", "", {}, {}},
      {R"("text":{"format":null,"verbosity":null})", "", {}, {}},
      {R"("text":{"format":{"type":"json_object"}})",
       R"(,"response_format":{"type":"json_object"})",
       {},
       {"text.format"}},
      {R"("text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"}}})",
       R"(,"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}})",
       {},
       {"text.format"}},
      {R"("text":{"format":{"type":"json_schema","strict":true,"schema":{},"name":"n","description":"d"}})",
       R"(,"response_format":{"type":"json_schema","json_schema":{"name":"n","description":"d","schema":{},"strict":true}})",
       {},
       {"text.format"}},
      {R"("tools":[{"type":"function","name":"f"}],"parallel_tool_calls":false)",
       R"(,"tools":[{"type":"function","function":{"name":"f"}}],"parallel_tool_calls":false)",
       {"tools"},
       {}},
      {R"("tools":[{"type":"function","name":"f"}],"tool_choice":"required")",
       R"(,"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required")",
       {},
       {"tool_choice"}},
      {R"("parallel_tool_calls":false)", "", {}, {}},
      {R"("tools":[{"type":"web_search"}],"parallel_tool_calls":true,"tool_choice":"auto")",
       "",
       {},
       {}},
      // Nothing that chat completions lack, or that is between the client and us, goes up.
      {R"("max_tool_calls":3,"prompt_cache_retention":"24h","prompt_cache_options":{},
          "moderation":{},"service_tier":"flex","client_metadata":{"a":"b"},"stop":"x","seed":1,
          "stream_options":{"include_obfuscation":false},"store":true,"metadata":{"a":"b"})",
       "",
       {},
       {}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.sent);
    const auto r = request_with(row.sent);
    CHECK(r.parameters == row.parameters);
    CHECK(r.tuning == row.tuning);
    CHECK(r.demands == row.demands);
    CHECK(r.beside.of_openai.empty());
  }
}

TEST_CASE("members that only OpenAI's servers know are kept apart") {
  const auto r = request_with(R"("text":{"verbosity":"low"},"prompt_cache_key":"k","user":"u",
                                 "safety_identifier":"s")");
  CHECK(r.parameters.empty());
  CHECK(r.beside.of_openai ==
        R"(,"verbosity":"low","prompt_cache_key":"k","user":"u","safety_identifier":"s")");
  CHECK(r.tuning.empty());
  CHECK(r.beside.tuning_of_openai == strings{"text.verbosity"});
}

TEST_CASE("what is ignored although it asks for something is named") {
  CHECK(request_with(R"("context_management":[{"type":"compaction","compact_threshold":1000}],
                        "tools":[{"type":"web_search"},{"type":"tool_search"}])")
            .ignored == strings{"context_management", "tools.web_search", "tools.tool_search"});
  CHECK(request_with(R"("context_management":[])").ignored.empty());
}

TEST_CASE("a summary of the reasoning is wanted if one is named") {
  for (const auto* members :
       {R"("reasoning":{"summary":"auto"})", R"("reasoning":{"generate_summary":"concise"})",
        R"("reasoning":{"effort":"low","summary":"detailed"})"})
    CHECK(request_with(members).wants_summary);
  for (const auto* members : {R"("reasoning":{"summary":null})",
                              R"("reasoning":{"summary":"none"})", R"("reasoning":{})"})
    CHECK_FALSE(request_with(members).wants_summary);
}

TEST_CASE("tools that stand for others are bridged, and allowed ones known") {
  const auto r =
      request_with(R"("tools":[{"type":"custom","name":"c"},{"type":"function","name":"f"}],
    "tool_choice":{"type":"allowed_tools","tools":[{"type":"function","name":"f"}]})");
  CHECK(r.bridge.find("c") != nullptr);
  REQUIRE(r.beside.allowed_calls);
  CHECK(*r.beside.allowed_calls == std::set<std::string, std::less<>>{"f"});
}

TEST_CASE("a body that is no JSON object is refused by its fault") {
  const std::pair<const char*, const char*> rows[] = {
      {"", "empty_body : "},
      {"{", "invalid_json : at byte 1"},
      {"{\"a\":\"\xFF\"}", "invalid_encoding : at byte 6"},
      {"[]", "invalid_type : expected an object"},
  };
  for (const auto& [body, words] : rows) {
    const auto r = parse_create_request(body, 10);
    REQUIRE_FALSE(r);
    CHECK(test::in_words(r.error()) == words);
  }
}

TEST_CASE("a field of the wrong type or range is refused by its name") {
  const std::pair<const char*, const char*> rows[] = {
      {R"("model":7)", "invalid_type model: expected a string"},
      {R"("input":7)", "invalid_type input: expected a string or an array of items"},
      {R"("instructions":[])", "invalid_type instructions: expected a string"},
      {R"("previous_response_id":7)", "invalid_type previous_response_id: expected a string"},
      {R"("previous_response_id":"")",
       "invalid_value previous_response_id: expected at least one character"},
      {R"("conversation":7)", "invalid_type conversation: expected a string or an object"},
      {R"("conversation":"")", "invalid_value conversation: expected at least one character"},
      {R"("conversation":{})", "missing_required_parameter conversation.id: "},
      {R"("conversation":{"id":7})", "invalid_type conversation.id: expected a string"},
      {R"("conversation":"conv_1","previous_response_id":"resp_1")",
       "invalid_value conversation: `previous_response_id` cannot be named beside it"},
      {R"("store":"false")", "invalid_type store: expected a boolean"},
      {R"("stream":1)", "invalid_type stream: expected a boolean"},
      {R"("stream_options":true)", "invalid_type stream_options: expected an object"},
      {R"("stream_options":{"include_obfuscation":1})",
       "invalid_type stream_options.include_obfuscation: expected a boolean"},
      {R"("background":"yes")", "invalid_type background: expected a boolean"},
      {R"("temperature":"hot")", "invalid_type temperature: expected a number from 0 to 2"},
      {R"("temperature":2.1)", "invalid_value temperature: expected a number from 0 to 2"},
      {R"("top_p":-0.1)", "invalid_value top_p: expected a number from 0 to 1"},
      {R"("presence_penalty":3)", "invalid_value presence_penalty: expected a number from -2 to 2"},
      {R"("max_output_tokens":0)",
       "invalid_value max_output_tokens: expected an integer of at least 1"},
      {R"("max_output_tokens":1.5)",
       "invalid_type max_output_tokens: expected an integer of at least 1"},
      {R"("max_tool_calls":"1")", "invalid_type max_tool_calls: expected an integer"},
      {R"("parallel_tool_calls":1)", "invalid_type parallel_tool_calls: expected a boolean"},
      {R"("top_logprobs":21)", "invalid_value top_logprobs: expected an integer from 0 to 20"},
      {R"("truncation":"some")", "invalid_value truncation: expected auto or disabled"},
      {R"("include":"x")", "invalid_type include: expected an array"},
      {R"("include":["x",7])", "invalid_type include[1]: expected a string"},
      {R"("context_management":{})", "invalid_type context_management: expected an array"},
      {R"("metadata":[])", "invalid_type metadata: expected an object"},
      {R"("metadata":{"a":1})", "invalid_type metadata: expected strings as values"},
      {R"("prompt":{"id":"pmpt_1"})", "unsupported_parameter prompt: "},
      {R"("prompt_cache_key":7)", "invalid_type prompt_cache_key: expected a string"},
      {R"("user":7)", "invalid_type user: expected a string"},
      {R"("service_tier":7)", "invalid_type service_tier: expected a string"},
      {R"("session_id":"a b")",
       "invalid_session_id session_id: expected 1 to 128 characters of A-Z a-z 0-9 _ . : -"},
      {R"("reasoning":"low")", "invalid_type reasoning: expected an object"},
      {R"("reasoning":{"effort":7})", "invalid_type reasoning.effort: expected a string"},
      {R"("reasoning":{"summary":true})", "invalid_type reasoning.summary: expected a string"},
      {R"("text":"x")", "invalid_type text: expected an object"},
      {R"("text":{"verbosity":7})", "invalid_type text.verbosity: expected a string"},
      {R"("text":{"format":"json"})", "invalid_type text.format: expected an object"},
      {R"("text":{"format":{}})", "missing_required_parameter text.format.type: "},
      {R"("text":{"format":{"type":"xml"}})",
       "invalid_value text.format.type: expected text, json_object or json_schema"},
      {R"("text":{"format":{"type":"json_schema","schema":{}}})",
       "missing_required_parameter text.format.name: "},
      {R"("text":{"format":{"type":"json_schema","name":"a b","schema":{}}})",
       "invalid_value text.format.name: expected 1 to 64 characters of a-z A-Z 0-9 _ -"},
      {R"("text":{"format":{"type":"json_schema","name":"n"}})",
       "missing_required_parameter text.format.schema: "},
      {R"("text":{"format":{"type":"json_schema","name":"n","schema":"{}"}})",
       "invalid_type text.format.schema: expected an object"},
      {R"("text":{"format":{"type":"json_schema","name":"n","schema":{},"strict":1}})",
       "invalid_type text.format.strict: expected a boolean"},
      {R"("text":{"format":{"type":"json_schema","name":"n","schema":{},"description":1}})",
       "invalid_type text.format.description: expected a string"},
      {R"("tools":{})", "invalid_type tools: expected an array"},
      {R"("tools":[{"type":"function"}])", "missing_required_parameter tools[0].name: "},
      {R"("tool_choice":7)", "invalid_type tool_choice: expected a string or an object"},
      {R"("tools":[{"type":"web_search"}],"tool_choice":{"type":"web_search"})",
       "unsupported_parameter tool_choice: "},
  };
  for (const auto& [members, words] : rows) {
    CAPTURE(members);
    CHECK(refusal_of(members) == words);
  }
}

TEST_CASE("the limits of metadata and identifiers count characters") {
  const auto name = [](std::size_t n) {
    return R"("metadata":{")" + std::string(n, 'a') + R"(":"b"})";
  };
  CHECK(refusal_of(name(64)).empty());
  CHECK(refusal_of(name(65)).starts_with("invalid_value metadata: "));
  const auto value = [](int n) {
    std::string text;
    for (int i = 0; i < n; ++i)
      text += "猫";
    return R"("metadata":{"a":")" + text + R"("})";
  };
  CHECK(refusal_of(value(512)).empty());
  CHECK(refusal_of(value(513)).starts_with("invalid_value metadata: "));
  const auto pairs = [](int n) {
    std::string text;
    for (int i = 0; i < n; ++i)
      text += "\"k" + std::to_string(i) + R"(":"v",)";
    text.pop_back();
    return R"("metadata":{)" + text + "}";
  };
  CHECK(refusal_of(pairs(16)).empty());
  CHECK(refusal_of(pairs(17)) == "invalid_value metadata: expected up to 16 members");
  CHECK(refusal_of(R"("safety_identifier":")" + std::string(64, 'a') + "\"").empty());
  CHECK(refusal_of(R"("safety_identifier":")" + std::string(65, 'a') + "\"") ==
        "invalid_value safety_identifier: expected up to 64 characters");
}

TEST_CASE("fewer output tokens than OpenAI allows are accepted") {
  CHECK(request_with(R"("max_output_tokens":1)").limits.pieces == 1);
}

TEST_CASE("of members with the same name the first counts") {
  CHECK(request_with(R"("model":"a","model":"b")").model == "a");
  CHECK(request_with(R"("temperature":1,"temperature":2)").parameters == R"(,"temperature":1)");
}

TEST_CASE("the response repeats every field, with its default") {
  const auto echo = "{" + request_with("").echo + "}";
  CHECK(echo ==
        R"({"instructions":null,"parallel_tool_calls":true,)"
        R"("temperature":1,"top_p":1,"presence_penalty":0,"frequency_penalty":0,"top_logprobs":0,)"
        R"("max_output_tokens":null,"max_tool_calls":null,"truncation":"disabled",)"
        R"("background":false,"metadata":{},"safety_identifier":null,"prompt_cache_key":null,)"
        R"("prompt_cache_retention":null,"user":null,"tools":[],)"
        R"("tool_choice":"auto","text":{"format":{"type":"text"},"verbosity":"medium"},)"
        R"("reasoning":{"effort":null,"summary":null},"service_tier":"default"})");
}

TEST_CASE("the response repeats what was sent") {
  struct row {
    const char* sent;
    const char* name;
    const char* value;
  };
  const row rows[] = {
      {R"("instructions":"a\"b")", "instructions", R"("a\"b")"},
      {R"("parallel_tool_calls":false)", "parallel_tool_calls", "false"},
      {R"("temperature":0.25)", "temperature", "0.25"},
      {R"("top_p":0.5)", "top_p", "0.5"},
      {R"("presence_penalty":1)", "presence_penalty", "1"},
      {R"("frequency_penalty":1)", "frequency_penalty", "1"},
      {R"("top_logprobs":2)", "top_logprobs", "2"},
      {R"("max_output_tokens":7)", "max_output_tokens", "7"},
      {R"("max_tool_calls":7)", "max_tool_calls", "7"},
      {R"("truncation":"auto")", "truncation", R"("auto")"},
      {R"("service_tier":"flex")", "service_tier", R"("default")"},
      {R"("background":true)", "background", "true"},
      {R"("metadata":{"a":"b"})", "metadata", R"({"a":"b"})"},
      {R"("safety_identifier":"s")", "safety_identifier", R"("s")"},
      {R"("prompt_cache_key":"k")", "prompt_cache_key", R"("k")"},
      {R"("user":"u")", "user", R"("u")"},
      {R"("reasoning":{"effort":"low","generate_summary":"auto","mode":"pro"})", "reasoning",
       R"({"effort":"low","summary":"auto"})"},
      {R"("text":{"verbosity":"low"})", "text", R"({"format":{"type":"text"},"verbosity":"low"})"},
      {R"("text":{"format":{"type":"json_object"}})", "text",
       R"({"format":{"type":"json_object"},"verbosity":"medium"})"},
      {R"("text":{"format":{"type":"json_schema","name":"n","schema":{"a":1}}})", "text",
       R"({"format":{"type":"json_schema","name":"n","description":null,"schema":{"a":1},)"
       R"("strict":false},"verbosity":"medium"})"},
      {R"("tools":[{"type":"function","name":"f"}])", "tools",
       R"([{"type":"function","name":"f","description":null,"parameters":null,"strict":null}])"},
      {R"("tools":[{"type":"function","name":"f"}],"tool_choice":{"type":"function","name":"f"})",
       "tool_choice", R"({"type":"function","name":"f"})"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.sent);
    CHECK(echoed(row.sent, row.name) == row.value);
  }
}
