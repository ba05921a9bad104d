#include "protocol/openai/upstream/answer_collector.hpp"

#include "protocol/openai/chat/choice_form.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"
#include "protocol/text/json_strings.hpp"

namespace nekod::openai {
namespace {

void append_name(std::string& out, std::string_view name) {
  json::append_quoted(out, name);
  out += ':';
}

} // namespace

void answer_collector::take(const deltas& chunks) {
  chunks.for_each([this](std::string_view members) { take_chunk(members); });
}

void answer_collector::take_chunk(std::string_view members) {
  std::string text = "{";
  text.append(members).append("}");
  const auto doc = json::parse(text, json::max_depth + 4);
  if (!doc)
    return;
  for (const auto& m : doc.root.GetObject()) {
    const auto name = json::text_of(m.name);
    if (name == "choices" && m.value.IsArray())
      for (const auto& v : m.value.GetArray())
        take_choice(v);
    else if (name != "choices" && name != "obfuscation" && !m.value.IsNull())
      keep(others_, name, m.value);
  }
}

void answer_collector::take_choice(const json::value& v) {
  const auto* index = json::find(v, "index");
  auto& to = choices_[index == nullptr ? 0 : json::integer_of(*index).value_or(0)];
  for (const auto& m : v.GetObject()) {
    const auto name = json::text_of(m.name);
    if (!is_first(v, m))
      continue;
    if (name == "delta")
      to.message.take(m.value);
    else if (name == "logprobs")
      take_logprobs(to, m.value);
    else if (name != "index" && !m.value.IsNull())
      keep(to.others, name, m.value);
  }
}

void answer_collector::keep(raw_members& to, std::string_view name, const json::value& v) {
  auto& kept = to[std::string{name}];
  size_ -= kept.size();
  kept = json::to_text(v);
  size_ += kept.size();
}

void answer_collector::take_logprobs(choice& to, const json::value& v) {
  if (!v.IsObject())
    return;
  for (const auto& m : v.GetObject()) {
    if (!m.value.IsArray())
      continue;
    auto& all = to.logprobs[std::string{json::text_of(m.name)}];
    const auto before = all.size();
    for (const auto& element : m.value.GetArray()) {
      if (!all.empty())
        all += ',';
      all += json::to_text(element);
    }
    size_ += all.size() - before;
  }
}

std::size_t answer_collector::size() const {
  auto all = size_;
  for (const auto& [index, c] : choices_)
    all += c.message.size();
  return all;
}

void answer_collector::write(std::string& out, std::int64_t index, const choice& c) {
  out += R"({"index":)" + std::to_string(index) + R"(,"message":)";
  append_message(out, c.message.taken());
  out += R"(,"logprobs":)";
  if (c.logprobs.empty())
    out += "null";
  for (const auto& [name, elements] : c.logprobs) {
    out += &name == &c.logprobs.begin()->first ? '{' : ',';
    append_name(out, name);
    out.append("[").append(elements).append("]");
  }
  if (!c.logprobs.empty())
    out += '}';
  for (const auto& [name, value] : c.others) {
    out += ',';
    append_name(out, name);
    out += value;
  }
  out += '}';
}

std::string answer_collector::members() const {
  std::string out = R"("choices":[)";
  for (const auto& [index, c] : choices_) {
    if (index != choices_.begin()->first)
      out += ',';
    write(out, index, c);
  }
  out += ']';
  for (const auto& [name, value] : others_) {
    out += ',';
    append_name(out, name);
    out += value;
  }
  return out;
}

} // namespace nekod::openai
