#include "protocol/openai/responses/request/compose.hpp"
#include "protocol/openai/responses/request/create_parser.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"
#include "tests/unit/support/responses_input.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using namespace nekod::openai::responses;

using strings = std::vector<std::string>;

namespace {

/// A request as Codex CLI 0.169 sends it in the middle of a task, shortened, and with an item of
/// every other kind that clients send back.
constexpr std::string_view body = R"({
  "model": "gpt-5.5", "stream": true, "store": false, "tool_choice": "auto",
  "parallel_tool_calls": true, "reasoning": {"effort": "medium", "summary": "auto"},
  "include": ["reasoning.encrypted_content"], "prompt_cache_key": "0190-thread",
  "client_metadata": {"x-codex-installation-id": "1"}, "text": {"verbosity": "low"},
  "tools": [
    {"type": "function", "name": "exec_command", "description": "Runs a command.", "strict": false,
     "parameters": {"type": "object", "properties": {"cmd": {"type": "string"}}}},
    {"type": "function", "name": "write_stdin", "strict": false, "parameters": {"type": "object"}},
    {"type": "function", "name": "view_image", "strict": false, "parameters": {"type": "object"}},
    {"type": "custom", "name": "apply_patch", "description": "Edits files.",
     "format": {"type": "grammar", "syntax": "lark", "definition": "start: begin hunk end"}},
    {"type": "namespace", "name": "agents", "description": "Agents.", "tools": [
      {"type": "function", "name": "spawn", "strict": false, "parameters": {"type": "object"}},
      {"type": "function", "name": "wait", "strict": false, "parameters": {"type": "object"}}]},
    {"type": "tool_search", "execution": "client"},
    {"type": "web_search", "external_web_access": false},
    {"type": "image_generation", "output_format": "png"}],
  "input": [
    {"type": "message", "id": "msg_0190-1", "role": "developer",
     "content": [{"type": "input_text", "text": "You are Codex."}]},
    {"type": "message", "role": "developer",
     "content": [{"type": "input_text", "text": "<permissions>"}, {"type": "input_text", "text": "<skills>"}]},
    {"type": "message", "id": "msg_0190-2", "role": "user",
     "content": [{"type": "input_text", "text": "<environment_context>"}]},
    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Fix the bug."}]},
    {"type": "additional_tools", "tools": []},
    {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Look first."}],
     "content": null, "encrypted_content": null},
    {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "phase": "commentary",
     "content": [{"type": "output_text", "text": "I look at the files."}]},
    {"type": "function_call", "id": "fc_1", "status": "completed", "call_id": "call_ls",
     "name": "exec_command", "arguments": "{\"cmd\":\"ls\"}"},
    {"type": "function_call", "id": "fc_2", "status": "completed", "call_id": "call_cat",
     "name": "exec_command", "arguments": "{\"cmd\":\"cat a.c\"}"},
    {"type": "function_call_output", "id": "fco_0190-2", "call_id": "call_cat", "output": "int a;"},
    {"type": "function_call_output", "id": "fco_0190-1", "call_id": "call_ls", "output": "a.c"},
    {"type": "reasoning", "id": "rs_2", "summary": []},
    {"type": "custom_tool_call", "id": "ctc_1", "status": "completed", "call_id": "call_patch",
     "name": "apply_patch", "input": "*** Begin Patch\n*** End Patch\n"},
    {"type": "custom_tool_call_output", "id": "ctco_0190-1", "call_id": "call_patch", "output": "Done!"},
    {"type": "function_call", "id": "fc_3", "call_id": "call_view", "name": "view_image",
     "arguments": "{\"path\":\"a.png\"}"},
    {"type": "function_call_output", "call_id": "call_view",
     "output": [{"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "high"}]},
    {"type": "function_call", "id": "fc_4", "call_id": "call_spawn", "name": "spawn",
     "namespace": "agents", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "call_spawn",
     "output": [{"type": "input_text", "text": "agent 1"}, {"type": "input_text", "text": "runs"}]},
    {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}},
    {"type": "local_shell_call", "id": "lsh_1", "call_id": "call_sh", "status": "completed",
     "action": {"type": "exec", "command": ["true"]}},
    {"type": "function_call_output", "call_id": "call_sh", "output": "ok"},
    {"type": "tool_search_call", "call_id": null, "status": "completed", "arguments": {}},
    {"type": "tool_search_output", "call_id": null, "status": "completed", "tools": []},
    {"type": "file_search_call", "id": "fs_1", "status": "completed", "queries": []},
    {"type": "code_interpreter_call", "id": "ci_1", "status": "completed", "code": "1"},
    {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "AAAA"},
    {"type": "computer_call", "id": "cu_1", "call_id": "call_cu", "action": {"type": "click"}},
    {"type": "mcp_list_tools", "id": "mcpl_1", "server_label": "s", "tools": []},
    {"type": "mcp_call", "id": "mcp_1", "server_label": "s", "name": "n", "arguments": "{}", "output": "x"},
    {"type": "mcp_approval_request", "id": "mcpr_1", "server_label": "s", "name": "n", "arguments": "{}"},
    {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": true},
    {"type": "shell_call", "id": "sh_1", "call_id": "call_sh2", "action": {"commands": ["ls"]}},
    {"type": "shell_call_output", "call_id": "call_sh2", "output": [{"stdout": "a.c"}]},
    {"type": "apply_patch_call", "id": "apc_1", "call_id": "call_ap", "operation": {"type": "delete_file"}},
    {"type": "apply_patch_call_output", "call_id": "call_ap", "status": "completed"},
    {"type": "program", "id": "prog_1", "call_id": "call_prog", "code": "x"},
    {"type": "ghost_snapshot", "ghost_commit": {"id": "1"}},
    {"type": "message", "id": "msg_2", "role": "assistant", "status": "completed", "phase": "final_answer",
     "content": [{"type": "output_text", "text": "Fixed.", "annotations": [], "logprobs": []}]},
    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Now the tests."}]},
    {"type": "reasoning", "id": "rs_3", "summary": [], "content": [], "encrypted_content": "gAAAA"},
    {"type": "message", "id": "msg_3", "role": "assistant", "content": [{"type": "output_text", "text": "Sure"}]}
  ]})";

chat::request composed(const create_request& asked) {
  auto r = compose(asked, {}, asked.input, asked.instructions.value_or(""));
  REQUIRE_MESSAGE(r, test::in_words(r.error()));
  return *std::move(r);
}

create_request parsed() {
  auto r = parse_create_request(body, test::most_items);
  REQUIRE_MESSAGE(r, test::in_words(r.error()));
  return *std::move(r);
}

} // namespace

TEST_CASE("a request of Codex is read whole") {
  const auto r = parsed();
  CHECK(r.input.size() == 41);
  CHECK_FALSE(r.store);
  CHECK(r.wants_summary);
  CHECK_FALSE(r.instructions);
  CHECK(r.ignored == strings{"tools.tool_search", "tools.web_search", "tools.image_generation"});
  CHECK(r.tuning == strings{"reasoning.effort", "tools"});
  CHECK(r.beside.tuning_of_openai == strings{"text.verbosity"});
  CHECK(r.demands.empty());
  CHECK(r.bridge.find("apply_patch") != nullptr);
  CHECK(r.bridge.find("agents__wait") != nullptr);
  CHECK(r.bridge.find("exec_command") == nullptr);
  CHECK(r.input[0].id == "msg_0190-1");
  const auto echo = json::parse("{" + r.echo + "}");
  REQUIRE(echo);
  CHECK(json::find(echo.root, "tools")->Size() == 8);
}

TEST_CASE("a request of Codex tells a chat upstream a conversation that templates take") {
  const auto r = composed(parsed());
  struct expected {
    chat::role speaker;
    std::string_view text;
  };
  const expected rows[] = {
      {chat::role::system, "You are Codex.\n\n<permissions>\n<skills>"},
      {chat::role::user, "<environment_context>"},
      {chat::role::user, "Fix the bug."},
      {chat::role::assistant, "I look at the files."},
      {chat::role::tool, "a.c"},
      {chat::role::tool, "int a;"},
      {chat::role::assistant, ""},
      {chat::role::tool, "Done!"},
      {chat::role::assistant, ""},
      {chat::role::tool, "[See the next message of the user.]"},
      {chat::role::user, "From the output of call_view:"},
      {chat::role::assistant, ""},
      {chat::role::tool, "agent 1\nruns"},
      {chat::role::assistant, ""},
      {chat::role::tool, "ok"},
      {chat::role::assistant, ""},
      {chat::role::tool,
       R"({"type":"shell_call_output","call_id":"call_sh2","output":[{"stdout":"a.c"}]})"},
      {chat::role::assistant, ""},
      {chat::role::tool,
       R"({"type":"apply_patch_call_output","call_id":"call_ap","status":"completed"})"},
      {chat::role::assistant, "Fixed."},
      {chat::role::user, "Now the tests."},
      {chat::role::assistant, "Sure"},
  };
  REQUIRE(r.messages.size() == std::size(rows));
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    CAPTURE(i);
    CHECK(r.messages[i].speaker == rows[i].speaker);
    CHECK(r.messages[i].text == rows[i].text);
  }
  const auto spans = openai::message_spans(r);
  CHECK(spans[3].find(R"("reasoning_content":"Look first.")") != std::string_view::npos);
  CHECK(spans[3].find(R"({"id":"call_ls")") < spans[3].find(R"({"id":"call_cat")"));
  CHECK(spans[4].find(R"("tool_call_id":"call_ls")") != std::string_view::npos);
  CHECK(spans[11].find(R"("name":"agents__spawn")") != std::string_view::npos);
  CHECK(r.demands == strings{"input[15].output[0]"});
  CHECK_FALSE(r.objection);
}

TEST_CASE("the body for a chat upstream is JSON without the client's own members") {
  const auto r = composed(parsed());
  const auto doc = json::parse(r.body);
  REQUIRE(doc);
  CHECK(json::find(doc.root, "tools")->Size() == 6);
  CHECK(json::find(doc.root, "messages")->Size() == r.messages.size());
  for (const auto* name : {"input", "include", "store", "client_metadata", "prompt_cache_key",
                           "reasoning", "text", "verbosity"})
    CHECK(json::find(doc.root, name) == nullptr);
  CHECK(json::find_string(doc.root, "reasoning_effort") == "medium");
  CHECK(json::find(doc.root, "parallel_tool_calls") != nullptr);
}
