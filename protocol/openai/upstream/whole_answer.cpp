#include "protocol/openai/upstream/whole_answer.hpp"

#include "protocol/openai/chat/choice_form.hpp"
#include "protocol/openai/upstream/answer_assembly.hpp"
#include "protocol/openai/upstream/answer_members.hpp"
#include "protocol/openai/upstream/call_table.hpp"
#include "protocol/openai/upstream/failure_words.hpp"
#include "protocol/openai/upstream/upstream_failures.hpp"
#include "protocol/text/json.hpp"
#include "protocol/text/json_halves.hpp"
#include "protocol/text/json_numbers.hpp"
#include "protocol/text/json_rewrite.hpp"
#include "protocol/text/json_spans.hpp"
#include "protocol/text/json_strings.hpp"
#include "protocol/text/utf8.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <utility>

namespace nekod::openai {
namespace {

chat::failure malformed_answer(std::string_view what) {
  return {chat::failure_code::upstream_error, {}, std::string{what}};
}

/// The JSON value at the beginning of *body*, if only an event's end follows, such as `data:
/// [DONE]`; otherwise all of *body*.
std::string_view without_done(std::string_view body) {
  if (body.starts_with(byte_order_mark))
    body.remove_prefix(byte_order_mark.size());
  json::cursor at{body};
  const auto first = at.value();
  at.skip_space();
  return body.substr(at.at()).starts_with("data:") ? first : body;
}

/// Moves the message of a choice to the right member, if a server put it elsewhere, and removes a
/// delta beside it, which would say it again.
/// @returns null if there is no message.
json::value* message_of(json::value& choice, json_pool& pool, bool& changed) {
  if (auto* message = json::find(choice, "message"); message != nullptr && message->IsObject()) {
    changed |= choice.RemoveMember("delta");
    return json::find(choice, "message");
  }
  json::value moved;
  if (auto* delta = json::find(choice, "delta"); delta != nullptr && delta->IsObject()) {
    moved = *delta;
    choice.RemoveMember("delta");
  } else if (auto* text = json::find(choice, "text"); text != nullptr && text->IsString()) {
    moved.SetObject();
    set_member(moved, "content", string_value(json::text_of(*text), pool), pool);
    choice.RemoveMember("text");
  } else {
    return nullptr;
  }
  set_member(choice, "message", std::move(moved), pool);
  changed = true;
  return json::find(choice, "message");
}

bool fill_message(json::value& message, json_pool& pool) {
  auto changed = false;
  if (json::find_string(message, "role") != "assistant") {
    set_member(message, "role", string_value("assistant", pool), pool);
    changed = true;
  }
  if (json::find(message, "content") == nullptr) {
    set_member(message, "content", json::value{}, pool);
    changed = true;
  }
  return changed;
}

/// Adds a finish reason if the server gave none: the answer is whole, since its body is.
bool fill_reason(json::value& choice, const json::value& message, json_pool& pool) {
  if (!reason_of(choice).empty())
    return false;
  const auto has = [&](const char* name) {
    const auto* v = json::find(message, name);
    return v != nullptr && says_anything(*v);
  };
  const auto* reason = has("tool_calls")      ? "tool_calls"
                       : has("function_call") ? "function_call"
                                              : "stop";
  set_member(choice, "finish_reason", string_value(reason, pool), pool);
  return true;
}

/// Converts an answer to OpenAI's form.
class repair {
public:
  explicit repair(json::document& answer)
      : pool_(answer.root.GetAllocator()), seed_(seed_of(answer.root)) {}

  /// @returns false if the choice has no message.
  bool take(json::value& choice, std::int64_t position) {
    if (!choice.IsObject())
      return false;
    fill_index(choice);
    auto* message = message_of(choice, pool_, changed_);
    if (message == nullptr)
      return false;
    changed_ |= fill_message(*message, pool_);
    changed_ |= list_content(*message, pool_);
    changed_ |= call_table{seed_ + std::to_string(position)}.repair_whole(*message, pool_);
    // The conversation keeps parts as parts; the client gets text.
    if (position == 0)
      said_.take(*message);
    changed_ |= flatten_content(*message, pool_);
    changed_ |= fill_reason(choice, *message, pool_);
    return true;
  }

  bool changed() const noexcept { return changed_; }
  chat::message said() const { return said_.taken(); }

private:
  /// Adds an index to the choice, if it has none.
  void fill_index(json::value& choice) {
    const auto* told = json::find(choice, "index");
    const auto index = told == nullptr ? -1 : json::integer_of(*told).value_or(-1);
    if (index >= 0 && indices_.insert(index).second)
      return;
    std::int64_t free = 0;
    while (!indices_.insert(free).second)
      ++free;
    set_member(choice, "index", json::value{free}, pool_);
    changed_ = true;
  }

  std::set<std::int64_t> indices_;
  json_pool& pool_;
  std::string seed_;
  answer_assembly said_;
  bool changed_ = false;
};

result<whole_answer, chat::failure> read_answer(std::string_view body) {
  auto doc = json::parse(body);
  if (doc.error == json::fault::encoding && !is_utf8(body))
    return read_answer(with_whole_characters(body));
  if (!doc || !doc.root.IsObject()) {
    auto words = doc && doc.root.IsArray() ? parse_failure(body) : std::nullopt;
    if (words)
      return failure_of(0, std::move(words));
    return malformed_answer("the upstream's answer is not a JSON object");
  }
  if (is_failure(doc.root))
    return failure_of(0, parse_failure(body));
  auto* choices = json::find(doc.root, "choices");
  if (choices == nullptr || !choices->IsArray() || choices->Empty())
    return malformed_answer("the upstream's answer has no choice");
  repair mended{doc};
  std::int64_t position = 0;
  for (auto& choice : choices->GetArray())
    if (!mended.take(choice, position++))
      return malformed_answer("the upstream's answer has no message");
  whole_answer answer;
  answer.said = mended.said();
  append_members(answer.members, body, true,
                 mended.changed() ? json::rewritten(*choices, json::find_span(body, "choices"))
                                  : "");
  return answer;
}

/// Appends a member to an object that is being written.
void add_member(std::string& out, std::string_view name, std::string_view value) {
  if (out.size() > 1)
    out += ',';
  json::append_quoted(out, name);
  out.append(":").append(value);
}

/// The tool calls of a message as pieces of a stream, each with its index.
std::string indexed_calls(const json::value& calls) {
  std::string out = "[";
  for (const auto& call : calls.GetArray()) {
    if (!call.IsObject())
      continue;
    if (out.size() > 1)
      out += ',';
    std::string piece = "{";
    add_member(piece, "index", std::to_string(&call - calls.Begin()));
    for (const auto& m : call.GetObject())
      if (json::text_of(m.name) != "index")
        add_member(piece, json::text_of(m.name), json::to_text(m.value));
    out += piece + '}';
  }
  return out + ']';
}

std::string delta_of(const json::value& message) {
  std::string out = "{";
  for (const auto& m : message.GetObject()) {
    const auto name = json::text_of(m.name);
    const auto is_calls = name == "tool_calls" && m.value.IsArray();
    if (!is_first(message, m) || (name != "content" && !says_anything(m.value)))
      continue;
    add_member(out, name, is_calls ? indexed_calls(m.value) : json::to_text(m.value));
  }
  return out + '}';
}

/// A choice for a chunk: either everything except its end, or only its end.
std::string chunk_choice(const json::value& choice, bool ends) {
  std::string out = "{";
  add_member(out, "index", json::to_text(*json::find(choice, "index")));
  add_member(out, "delta", ends ? "{}" : delta_of(*json::find(choice, "message")));
  for (const auto& m : choice.GetObject()) {
    const auto name = json::text_of(m.name);
    const auto is_told = name == "index" || name == "message" || name == "delta" ||
                         name == "finish_reason" || !is_first(choice, m);
    if (!ends && !is_told && !m.value.IsNull())
      add_member(out, name, json::to_text(m.value));
  }
  add_member(out, "finish_reason",
             ends ? json::to_text(*json::find(choice, "finish_reason")) : "null");
  return out + '}';
}

std::string chunk_of(const std::string& choice, const std::string& more = {}) {
  return R"("choices":[)" + choice + ']' + more;
}

/// The members of the answer except choices and usage, each with a leading comma.
std::string further_members(const json::value& answer) {
  std::string out;
  for (const auto& m : answer.GetObject()) {
    const auto name = json::text_of(m.name);
    if (name == "choices" || name == "usage" || m.value.IsNull())
      continue;
    out += ',';
    json::append_quoted(out, name);
    out += ':' + json::to_text(m.value);
  }
  return out;
}

} // namespace

result<whole_answer, chat::failure> parse_whole_answer(std::string_view body) {
  body = without_done(body);
  if (json::has_lone_half(body))
    return parse_whole_answer(json::without_lone_halves(body));
  if (json::has_odd_number(body))
    return read_answer(json::without_odd_numbers(body));
  return read_answer(body);
}

streamed_answer streamed(const whole_answer& answer, bool usage) {
  streamed_answer result;
  const auto doc = json::parse('{' + answer.members + '}', json::max_depth + 4);
  const auto more = further_members(doc.root);
  for (const auto& choice : json::find(doc.root, "choices")->GetArray()) {
    result.chunks.push_back(chunk_of(chunk_choice(choice, false), more));
    result.rest.push_back(chunk_of(chunk_choice(choice, true)));
  }
  const auto* counted = json::find(doc.root, "usage");
  if (usage && counted != nullptr && !counted->IsNull())
    result.rest.push_back(chunk_of("", R"(,"usage":)" + json::to_text(*counted)));
  return result;
}

} // namespace nekod::openai
