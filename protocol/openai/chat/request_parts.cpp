#include "protocol/openai/chat/request_parts.hpp"

#include "protocol/openai/call_arguments.hpp"

#include <utility>

namespace nekod::openai {
namespace {

void add_text(std::string& out, std::string_view name, std::string_view text) {
  out.append(name).append("=").append(text).append("\n");
}

/// Appends *v* under *name*, if it has content.
void add(std::string& out, std::string_view name, const json::value* v) {
  if (v != nullptr && !v->IsNull() && (!v->IsString() || v->GetStringLength() > 0))
    add_text(out, name, json::to_text(*v));
}

void add_arguments(std::string& out, const json::value* v) {
  if (const auto text = comparable_arguments(v))
    add_text(out, "arguments", *text);
  else
    add(out, "arguments", v);
}

void add_function(std::string& out, const json::value& f) {
  add(out, "name", json::find(f, "name"));
  add_arguments(out, json::find(f, "arguments"));
  add(out, "input", json::find(f, "input"));
}

void add_tool_call(std::string& out, const json::value& call) {
  add(out, "call", json::find(call, "id"));
  for (const auto* kind : {"function", "custom"})
    if (const auto* f = json::find(call, kind))
      add_function(out, *f);
}

/// Whether a part is covered by the message's text, or is reasoning. When clients send an answer
/// back, they leave reasoning out or put it beside the content.
bool is_told_otherwise(const json::value& part) {
  const auto type = json::find_string(part, "type");
  return type == "text" || type == "refusal" || type == "thinking" || type == "reasoning" ||
         type == "redacted_thinking";
}

} // namespace

void object_to(chat::request& r, chat::failure e) {
  if (!r.objection)
    r.objection = std::move(e);
}

std::string more_of(const json::value& m, chat::role speaker) {
  std::string out;
  if (const auto* parts = json::find(m, "content"); parts != nullptr && parts->IsArray())
    for (const auto& part : parts->GetArray())
      if (!is_told_otherwise(part))
        add(out, "part", &part);
  if (speaker == chat::role::assistant) {
    add(out, "refusal", json::find(m, "refusal"));
    if (const auto* calls = json::find(m, "tool_calls"); calls != nullptr && calls->IsArray())
      for (const auto& call : calls->GetArray())
        add_tool_call(out, call);
    if (const auto* call = json::find(m, "function_call"))
      add_function(out, *call);
  } else {
    add(out, "name", json::find(m, "name"));
    add(out, "answers", json::find(m, "tool_call_id"));
  }
  return out;
}

} // namespace nekod::openai
