#include "protocol/openai/responses/output_item.hpp"

#include "protocol/openai/responses/reasoning_content.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace nekod::openai::responses {
namespace {

using output_kind = output_item::kind;
using part_kind = output_part::kind;

std::string_view prefix_of(output_kind what) noexcept {
  switch (what) {
  case output_kind::message:
    return "msg_";
  case output_kind::reasoning:
    return "rs_";
  case output_kind::function_call:
    return "fc_";
  case output_kind::custom_tool_call:
    return "ctc_";
  }
  return "msg_";
}

std::string_view name_of(item_status status) noexcept {
  switch (status) {
  case item_status::in_progress:
    return "in_progress";
  case item_status::completed:
    return "completed";
  case item_status::incomplete:
    return "incomplete";
  }
  return "completed";
}

/// Appends a member whose value is a text that is escaped already.
void append_text(std::string& out, std::string_view name, std::string_view escaped) {
  out.append(",\"").append(name).append("\":\"").append(escaped).append("\"");
}

/// Appends a list of parts: those of the summary, or all others.
void append_parts(std::string& out, const std::vector<output_part>& parts, bool summary) {
  auto separator = "";
  for (const auto& part : parts) {
    if ((part.what == part_kind::summary_text) != summary)
      continue;
    out += std::exchange(separator, ",");
    append_part(out, part);
  }
}

void append_sealed(std::string& out, const std::vector<output_part>& reasoning) {
  std::string text;
  for (const auto& part : reasoning)
    text.append(text.empty() ? "" : "\\n\\n").append(part.text);
  if (!text.empty())
    append_text(out, "encrypted_content", sealed_reasoning(text));
}

void append_item(std::string& out, const output_item& item, const std::vector<output_part>& parts,
                 item_status status) {
  out.append(R"({"id":")").append(item.id).append("\"");
  append_text(out, "type", type_of(item.what));
  append_text(out, "status", name_of(status));
  if (item.is_call()) {
    append_text(out, "call_id", item.call_id);
    append_text(out, "name", item.name);
    if (!item.name_space.empty())
      append_text(out, "namespace", item.name_space);
    append_text(out, item.what == output_kind::function_call ? "arguments" : "input",
                parts.empty() ? std::string_view{} : parts.front().text);
  } else if (item.what == output_kind::message) {
    out += R"(,"role":"assistant","content":[)";
    append_parts(out, parts, false);
    out += ']';
  } else {
    out += R"(,"summary":[)";
    append_parts(out, parts, true);
    out += R"(],"content":[)";
    append_parts(out, parts, false);
    out += ']';
    if (item.sealed)
      append_sealed(out, parts);
  }
  out += '}';
}

} // namespace

std::string_view type_of(output_kind what) noexcept {
  switch (what) {
  case output_kind::message:
    return "message";
  case output_kind::reasoning:
    return "reasoning";
  case output_kind::function_call:
    return "function_call";
  case output_kind::custom_tool_call:
    return "custom_tool_call";
  }
  return "message";
}

std::string_view type_of(part_kind what) noexcept {
  switch (what) {
  case part_kind::output_text:
    return "output_text";
  case part_kind::refusal:
    return "refusal";
  case part_kind::reasoning_text:
    return "reasoning_text";
  case part_kind::summary_text:
    return "summary_text";
  case part_kind::arguments:
    return "arguments";
  case part_kind::input:
    return "input";
  }
  return "output_text";
}

std::string item_id(output_kind what, std::string_view answer_id, std::size_t index) {
  constexpr std::string_view prefix = "resp_";
  if (answer_id.starts_with(prefix))
    answer_id.remove_prefix(prefix.size());
  std::array<char, 2 * sizeof index> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), index, 16).ptr;
  std::string id{prefix_of(what)};
  id += answer_id;
  if (index < 16)
    id += '0';
  id.append(digits.data(), end);
  return id;
}

std::size_t index_in_list(const output_item& item, std::size_t part) {
  const auto in_summary = [](const output_part& p) { return p.what == part_kind::summary_text; };
  const auto begin = item.parts.begin();
  const auto at = begin + static_cast<std::ptrdiff_t>(part);
  const auto summaries = static_cast<std::size_t>(std::count_if(begin, at, in_summary));
  return in_summary(*at) ? summaries : part - summaries;
}

void append_part(std::string& out, const output_part& part) {
  out.append(R"({"type":")").append(type_of(part.what)).append("\"");
  append_text(out, part.what == part_kind::refusal ? "refusal" : "text", part.text);
  if (part.what == part_kind::output_text) {
    out += R"(,"annotations":[)";
    for (const auto& a : part.annotations)
      out.append(&a == &part.annotations.front() ? "" : ",").append(a);
    out.append(R"(],"logprobs":[)").append(part.logprobs).append("]");
  }
  out += '}';
}

void append_begun(std::string& out, const output_item& item) {
  append_item(out, item, {}, item_status::in_progress);
}

void append_item(std::string& out, const output_item& item, item_status status) {
  append_item(out, item, item.parts, status);
}

void append_list(std::string& out, const std::vector<finished_item>& items) {
  out += '[';
  for (const auto& item : items) {
    if (&item != &items.front())
      out += ',';
    out += item.json;
  }
  out += ']';
}

} // namespace nekod::openai::responses
