#include "protocol/openai/upstream/answer_assembly.hpp"

#include "protocol/openai/chat/choice_form.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"
#include "protocol/text/json_strings.hpp"

#include <algorithm>
#include <utility>

namespace nekod::openai {
namespace {

/// Whether a part has only reasoning, and nothing else to keep, such as a signature.
bool is_plain_thinking(const json::value& part) {
  const auto* thinking = json::find(part, "thinking");
  return part.MemberCount() == 2 && thinking != nullptr &&
         (thinking->IsArray() || thinking->IsString());
}

} // namespace

void answer_assembly::take(const json::value& delta) {
  if (!delta.IsObject())
    return;
  for (const auto& member : delta.GetObject()) {
    const auto name = json::text_of(member.name);
    const auto& value = member.value;
    if (name == "role" || !says_anything(value) || !is_first(delta, member))
      continue;
    if (name == "content")
      take_content(value);
    else if (name == "refusal")
      append(refusal_, delta, "refusal");
    else if (name == "function_call")
      take_called(value, function_);
    else if (name == "tool_calls" && value.IsArray())
      for (const auto& call : value.GetArray())
        take_tool_call(call, static_cast<std::int64_t>(&call - value.Begin()));
    else
      take_other(merged_member::owner::message, others_, name, value);
  }
}

void answer_assembly::take_content(const json::value& content) {
  if (content.IsArray()) {
    for (const auto& part : content.GetArray())
      take_part(part);
    return;
  }
  const auto before = text_.size();
  text_ += content.IsString() ? std::string{json::text_of(content)} : json::to_text(content);
  size_ += text_.size() - before;
}

void answer_assembly::take_part(const json::value& part) {
  if (const auto text = text_of_part(part)) {
    text_ += *text;
    size_ += text->size();
  } else if (const auto thinking = thinking_of_part(part); thinking && is_plain_thinking(part)) {
    take_thinking(part, *thinking);
  } else {
    end_run();
    add_part(json::to_text(part));
  }
}

void answer_assembly::take_thinking(const json::value& part, std::string_view thinking) {
  if (!text_.empty())
    end_run();
  thinking_in_list_ = json::find(part, "thinking")->IsArray();
  thinking_ += thinking;
  size_ += thinking.size();
}

/// Turns the current reasoning and text into parts: what follows begins another part.
void answer_assembly::end_run() {
  std::string part;
  if (!thinking_.empty()) {
    part = thinking_in_list_ ? R"({"type":"thinking","thinking":[{"type":"text","text":)"
                             : R"({"type":"thinking","thinking":)";
    json::append_quoted(part, thinking_);
    part += thinking_in_list_ ? "}]}" : "}";
    add_part(part);
    thinking_.clear();
  }
  if (!text_.empty()) {
    part = R"({"type":"text","text":)";
    json::append_quoted(part, text_);
    add_part(part + '}');
    text_.clear();
  }
}

void answer_assembly::add_part(std::string_view json) {
  if (!parts_.empty())
    parts_ += ',';
  parts_ += json;
  size_ += json.size();
}

void answer_assembly::take_other(merged_member::owner whose, std::vector<merged_member>& others,
                                 std::string_view name, const json::value& value) {
  const auto known = others.size();
  auto& to = member_of(others, name, whose);
  const auto before = others.size() > known ? 0 : to.size();
  to.take(value);
  size_ += to.size();
  size_ -= before;
}

void answer_assembly::append(std::string& to, const json::value& object, const char* name) {
  if (const auto piece = json::find_string(object, name)) {
    to += *piece;
    size_ += piece->size();
  }
}

/// Sets a value that is sent once; some servers repeat it in each piece.
void answer_assembly::set(std::string& to, const json::value& object, const char* name) {
  if (to.empty())
    append(to, object, name);
}

void answer_assembly::take_tool_call(const json::value& delta, std::int64_t position) {
  if (!delta.IsObject())
    return;
  auto& call = call_for(delta, position);
  set(call.id, delta, "id");
  set(call.type, delta, "type");
  for (const auto& member : delta.GetObject()) {
    const auto name = json::text_of(member.name);
    if (name == "function" || name == "custom") {
      call.kind = name;
      take_called(member.value, call);
    } else if (name != "index" && name != "id" && name != "type") {
      take_other(merged_member::owner::call, call.others, name, member.value);
    }
  }
}

void answer_assembly::take_called(const json::value& called, tool_call& to) {
  set(to.name, called, "name");
  append(to.arguments, called, to.kind == "custom" ? "input" : "arguments");
}

answer_assembly::tool_call& answer_assembly::call_for(const json::value& delta,
                                                      std::int64_t position) {
  const auto* v = json::find(delta, "index");
  const auto index = v == nullptr ? position : json::integer_of(*v).value_or(position);
  const auto found =
      std::find_if(calls_.rbegin(), calls_.rend(), [&](const auto& c) { return c.index == index; });
  if (found != calls_.rend())
    return *found;
  calls_.emplace_back().index = index;
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
  for (const auto& other : c.others) {
    out += ',';
    other.write(out);
  }
  out += '}';
}

void answer_assembly::write_content(std::string& out) const {
  const auto has_calls = !calls_.empty() || !function_.name.empty();
  if (!parts_.empty() || !thinking_.empty()) {
    auto parts = *this;
    parts.end_run();
    out.append("[").append(parts.parts_).append("]");
  } else if (text_.empty() && (has_calls || !refusal_.empty())) {
    out += "null";
  } else {
    json::append_quoted(out, text_);
  }
}

chat::message answer_assembly::taken() const {
  std::string out = R"({"role":"assistant","content":)";
  write_content(out);
  if (!refusal_.empty()) {
    out += R"(,"refusal":)";
    json::append_quoted(out, refusal_);
  }
  for (const auto& other : others_) {
    out += ',';
    other.write(out);
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
  return parse_message(out).value_or(chat::message{chat::role::assistant, text_});
}

} // namespace nekod::openai
