#include "protocol/openai/responses/request/message_list.hpp"

#include "protocol/openai/body_checks.hpp"
#include "protocol/openai/responses/reasoning_content.hpp"
#include "protocol/openai/responses/request/content.hpp"
#include "protocol/openai/responses/request/tools.hpp"
#include "protocol/text/json.hpp"
#include "protocol/text/json_strings.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace nekod::openai::responses {
namespace {

std::string_view string_in(const json::value& object, std::string_view name) {
  return json::find_string(object, name).value_or(std::string_view{});
}

/// Appends *i* to a list of items.
void list_item(std::string& out, const item& i) {
  if (!out.empty())
    out += ',';
  out += to_json(i);
}

/// Appends *text* to *out* after *between*, which stands only between texts.
void join(std::string& out, std::string_view between, std::string_view text) {
  if (text.empty())
    return;
  if (!out.empty())
    out += between;
  out += text;
}

std::string begin_message(std::string_view role) {
  return R"({"role":")" + std::string{role} + R"(","content":)";
}

/// A message; a content of text alone is one string.
std::string message_json(std::string_view role, const chat_content& content) {
  return begin_message(role) + (content.is_text() ? json::quote(content.text()) : content.array()) +
         "}";
}

struct function_call {
  std::string name;
  std::string arguments;
};

/// A call as that of a function. One of a hosted tool has that tool's name, and the item as its
/// arguments.
function_call function_of(const item& i) {
  constexpr std::string_view ending = "_call";
  if (i.kind == item_kind::hosted_call)
    return {i.type.substr(0, i.type.size() - ending.size()), i.json};
  const auto doc = json::parse(i.json);
  auto name = upstream_name(string_in(doc.root, "namespace"), string_in(doc.root, "name"));
  if (i.type == "custom_tool_call")
    return {std::move(name), custom_arguments(string_in(doc.root, "input"))};
  return {std::move(name), std::string{string_in(doc.root, "arguments")}};
}

std::string call_json(const item& i) {
  const auto f = function_of(i);
  return R"({"id":)" + json::quote(i.call_id) + R"(,"type":"function","function":{"name":)" +
         json::quote(f.name) + R"(,"arguments":)" + json::quote(f.arguments) + "}}";
}

/// The texts of reasoning: all of it if that came back, else its content, or its summary.
std::string reasoning_text(const item& i) {
  const auto doc = json::parse(i.json);
  if (auto all = opened_reasoning(string_in(doc.root, "encrypted_content")))
    return *std::move(all);
  for (const auto* name : {"content", "summary"}) {
    std::string out;
    if (const auto* parts = json::find(doc.root, name); parts != nullptr && parts->IsArray())
      for (const auto& part : parts->GetArray())
        join(out, "\n\n", string_in(part, "text"));
    if (!out.empty())
      return out;
  }
  return {};
}

} // namespace

void message_list::instruct(std::string_view text) { join(system_, "\n\n", text); }

void message_list::add(const told_item& t) {
  switch (t.what->kind) {
  case item_kind::message:
    return add_message(*t.what);
  case item_kind::call:
  case item_kind::hosted_call:
    take_reasoning();
    list_item(open_.items, *t.what);
    open_.calls.push_back(t);
    return;
  case item_kind::output:
  case item_kind::hosted_output:
    return close();
  case item_kind::reasoning:
    return add_reasoning(*t.what);
  default:
    list_item(early_items_, *t.what);
    return;
  }
}

void message_list::add_outputs_alone(std::span<const told_item> calls) {
  close();
  add_outputs(calls);
}

void message_list::add_message(const item& i) {
  const auto doc = json::parse(i.json);
  const auto content = read_content(json::find(doc.root, "content"));
  if (i.speaker == chat::role::assistant)
    return add_answer(i, content.text());
  if (i.speaker != chat::role::user) {
    list_item(system_items_, i);
    return instruct(content.text());
  }
  close();
  reasoning_.clear();
  auto items = std::exchange(early_items_, {});
  list_item(items, i);
  add_message(message_json("user", content), items);
  for (const auto& part : content.parts)
    if (!part.is_text)
      demand(i, "content", part.index);
}

void message_list::add_answer(const item& i, std::string_view text) {
  if (text.empty())
    return list_item(early_items_, i);
  if (!open_.text.empty())
    close();
  take_reasoning();
  list_item(open_.items, i);
  open_.text = text;
}

void message_list::add_reasoning(const item& i) {
  list_item(early_items_, i);
  join(reasoning_, "\n\n", reasoning_text(i));
}

void message_list::take_reasoning() {
  join(open_.reasoning, "\n\n", std::exchange(reasoning_, {}));
  join(open_.items, ",", std::exchange(early_items_, {}));
}

void message_list::close() {
  if (open_.text.empty() && open_.calls.empty())
    return;
  auto out = begin_message("assistant");
  out += open_.text.empty() ? "null" : json::quote(open_.text);
  if (!open_.reasoning.empty())
    out += R"(,"reasoning_content":)" + json::quote(open_.reasoning);
  std::string calls;
  for (const auto& t : open_.calls)
    calls.append(calls.empty() ? "" : ",").append(call_json(*t.what));
  if (!calls.empty())
    out += R"(,"tool_calls":[)" + calls + "]";
  add_message(std::move(out) + "}", open_.items);
  add_outputs(open_.calls);
  open_ = {};
}

/// Adds the outputs of calls, in the calls' order. What is not text follows in a message of the
/// user, since tool messages are text.
void message_list::add_outputs(std::span<const told_item> calls) {
  std::string data;
  for (const auto& t : calls) {
    if (t.output == nullptr)
      continue;
    auto message = tool_message(t, data);
    add_message(std::move(message), to_json(*t.output));
  }
  if (!data.empty())
    add_message(begin_message("user") + "[" + data + "]}", {});
}

/// @param items Separated by commas.
void message_list::add_message(std::string json, const std::string& items) {
  messages_.push_back({std::move(json), items.empty() ? items : "[" + items + "]"});
}

std::string message_list::tool_message(const told_item& t, std::string& data) {
  std::string text;
  const auto doc = json::parse(t.output->json);
  if (t.output->kind == item_kind::hosted_output)
    text = t.output->json;
  else {
    auto content = read_content(json::find(doc.root, "output"));
    auto announced = false;
    for (auto& part : content.parts) {
      if (part.is_text)
        continue;
      demand(*t.output, "output", part.index);
      if (!std::exchange(announced, true))
        data.append(data.empty() ? "" : ",")
            .append(R"({"type":"text","text":)")
            .append(json::quote("From the output of " + t.output->call_id + ":"))
            .append("}");
      data.append(",").append(part.what);
      part = {part.index, true, "[See the next message of the user.]"};
    }
    text = content.text();
  }
  return R"({"role":"tool","tool_call_id":)" + json::quote(t.output->call_id) + R"(,"content":)" +
         json::quote(text) + "}";
}

void message_list::demand(const item& i, std::string_view member, std::size_t index) {
  demands_.push_back(i.place.empty() ? "input"
                                     : element(i.place + "." + std::string{member}, index));
}

std::vector<told_message> message_list::finish() {
  close();
  if (system_.empty())
    return std::move(messages_);
  add_message(begin_message("system") + json::quote(system_) + "}", system_items_);
  std::rotate(messages_.begin(), std::prev(messages_.end()), messages_.end());
  return std::move(messages_);
}

} // namespace nekod::openai::responses
