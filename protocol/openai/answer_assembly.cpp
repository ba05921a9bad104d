#include "protocol/openai/answer_assembly.hpp"

#include "protocol/json_strings.hpp"
#include "protocol/openai/whole_messages.hpp"

#include <algorithm>
#include <utility>

namespace nekod::openai {

void answer_assembly::take(const json::value& delta) {
  append(text_, delta, "content");
  append(refusal_, delta, "refusal");
  if (const auto* calls = json::find(delta, "tool_calls"); calls != nullptr && calls->IsArray())
    for (const auto& call : calls->GetArray())
      take_tool_call(call);
  if (const auto* call = json::find(delta, "function_call"))
    take_called(*call, function_);
}

void answer_assembly::append(std::string& to, const json::value& object, const char* name) {
  if (const auto piece = json::find_string(object, name)) {
    to += *piece;
    size_ += piece->size();
  }
}

/// What is told once; some tell it with each piece.
void answer_assembly::set(std::string& to, const json::value& object, const char* name) {
  if (to.empty())
    append(to, object, name);
}

void answer_assembly::take_tool_call(const json::value& delta) {
  if (!delta.IsObject())
    return;
  auto& call = call_for(delta);
  set(call.id, delta, "id");
  set(call.type, delta, "type");
  for (const auto& member : delta.GetObject()) {
    const auto name = json::text_of(member.name);
    if (name == "function" || name == "custom") {
      call.kind = name;
      take_called(member.value, call);
    } else if (name != "index" && name != "id" && name != "type") {
      take_other(call, name, json::to_text(member.value));
    }
  }
}

/// Of a member that comes with several pieces the newest is told again.
void answer_assembly::take_other(tool_call& call, std::string_view name, std::string value) {
  auto known = call.others.find(name);
  if (known == call.others.end()) {
    known = call.others.emplace(name, std::string{}).first;
    size_ += name.size();
  }
  size_ += value.size();
  size_ -= known->second.size();
  known->second = std::move(value);
}

void answer_assembly::take_called(const json::value& called, tool_call& to) {
  set(to.name, called, "name");
  append(to.arguments, called, to.kind == "custom" ? "input" : "arguments");
}

/// The call that a piece belongs to. Where it has no index, one with an id begins a call.
answer_assembly::tool_call& answer_assembly::call_for(const json::value& delta) {
  const auto* v = json::find(delta, "index");
  const auto index = v == nullptr ? std::nullopt : json::integer_of(*v);
  const auto begins = calls_.empty() || json::find_string(delta, "id");
  if (!index && !begins)
    return calls_.back();
  const auto wanted = index.value_or(static_cast<std::int64_t>(calls_.size()));
  const auto found = std::find_if(calls_.rbegin(), calls_.rend(),
                                  [&](const auto& c) { return c.index == wanted; });
  if (found != calls_.rend())
    return *found;
  calls_.emplace_back().index = wanted;
  size_ += sizeof(tool_call);
  return calls_.back();
}

void answer_assembly::write_called(std::string& out, const tool_call& c) {
  out += R"({"name":)";
  json::append_quoted(out, c.name);
  out += c.kind == "custom" ? R"(,"input":)" : R"(,"arguments":)";
  json::append_quoted(out, c.arguments);
  out += '}';
}

void answer_assembly::write(std::string& out, const tool_call& c) {
  const auto kind = c.kind.empty() ? std::string{"function"} : c.kind;
  out += R"({"id":)";
  json::append_quoted(out, c.id);
  out += R"(,"type":)";
  json::append_quoted(out, c.type.empty() ? kind : c.type);
  out += ",\"" + kind + "\":";
  write_called(out, c);
  for (const auto& [name, value] : c.others) {
    out += ',';
    json::append_quoted(out, name);
    out += ':';
    out += value;
  }
  out += '}';
}

message answer_assembly::taken() const {
  const auto has_calls = !calls_.empty() || !function_.name.empty();
  std::string out = R"({"role":"assistant","content":)";
  if (text_.empty() && (has_calls || !refusal_.empty()))
    out += "null";
  else
    json::append_quoted(out, text_);
  if (!refusal_.empty()) {
    out += R"(,"refusal":)";
    json::append_quoted(out, refusal_);
  }
  for (const auto& c : calls_) {
    out += &c == &calls_.front() ? R"(,"tool_calls":[)" : ",";
    write(out, c);
  }
  if (!calls_.empty())
    out += ']';
  if (!function_.name.empty()) {
    out += R"(,"function_call":)";
    write_called(out, function_);
  }
  out += '}';
  return parse_message(out).value_or(message{role::assistant, text_});
}

} // namespace nekod::openai
