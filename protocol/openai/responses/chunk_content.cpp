#include "protocol/openai/responses/chunk_content.hpp"

#include "protocol/text/json.hpp"
#include "protocol/text/json_spans.hpp"
#include "protocol/text/json_strings.hpp"

#include <charconv>

namespace nekod::openai::responses {
namespace {

/// A JSON string without its quotes; empty for other values.
std::string_view unquoted(std::string_view value) {
  const auto is_string = value.size() >= 2 && value.front() == '"';
  return is_string ? value.substr(1, value.size() - 2) : std::string_view{};
}

std::uint64_t number_in(std::string_view object, std::string_view name) {
  const auto value = json::find_span(object, name);
  std::uint64_t number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number;
}

token_usage usage_of(std::string_view written) {
  const auto details = [&](std::string_view name) {
    const auto value = json::find_span(written, name);
    return value.starts_with('{') ? value : std::string_view{};
  };
  token_usage usage;
  usage.input = number_in(written, "prompt_tokens");
  usage.output = number_in(written, "completion_tokens");
  usage.cached = number_in(details("prompt_tokens_details"), "cached_tokens");
  usage.reasoning = number_in(details("completion_tokens_details"), "reasoning_tokens");
  usage.total = number_in(written, "total_tokens");
  if (usage.total == 0)
    usage.total = usage.input + usage.output;
  return usage;
}

/// The elements of a list without its brackets; empty for other values.
std::string_view elements_of(std::string_view value) {
  return value.starts_with('[') ? value.substr(1, value.size() - 2) : std::string_view{};
}

/// @param function The member `function` of a call: its name and arguments.
call_piece call_to(std::string_view function) {
  call_piece piece;
  if (function.starts_with('{')) {
    piece.name = string_in(function, "name");
    piece.arguments = string_in(function, "arguments");
  }
  return piece;
}

call_piece call_of(std::string_view written, std::int64_t position) {
  auto piece = call_to(json::find_span(written, "function"));
  const auto index = json::find_span(written, "index");
  piece.index = position;
  std::from_chars(index.data(), index.data() + index.size(), piece.index);
  piece.id = string_in(written, "id");
  return piece;
}

/// Whether the character at *at* of a JSON string's content is escaped.
bool is_escaped(std::string_view text, std::size_t at) {
  std::size_t slashes = 0;
  while (slashes < at && text[at - slashes - 1] == '\\')
    ++slashes;
  return slashes % 2 == 1;
}

/// Whether *text* is all of a JSON string between its quotes, if it begins behind the first one and
/// a quote follows it. *text* must be from JSON.
bool is_all_of_string(std::string_view text) {
  for (auto at = text.find('"'); at != text.npos; at = text.find('"', at + 1))
    if (!is_escaped(text, at))
      return false;
  return !is_escaped(text, text.size());
}

} // namespace

std::string_view string_in(std::string_view object, std::string_view name) {
  return unquoted(json::find_span(object, name));
}

std::string decoded(std::string_view escaped) {
  std::string text;
  if (escaped.find('\\') == escaped.npos)
    return text.assign(escaped);
  const auto quoted = '"' + std::string{escaped} + '"';
  if (json::append_unescaped(text, std::string_view{quoted}.substr(1)))
    return text;
  const auto doc = json::parse_foreign(quoted);
  return doc && doc.root.IsString() ? std::string{json::text_of(doc.root)} : std::string{};
}

std::string citation_of(std::string_view annotation) {
  const auto written = annotation.starts_with('{') ? json::find_span(annotation, "url_citation")
                                                   : std::string_view{};
  if (!written.starts_with('{') || string_in(written, "url").empty())
    return {};
  std::string out = R"({"type":"url_citation","start_index":)";
  out += std::to_string(number_in(written, "start_index"));
  out += R"(,"end_index":)" + std::to_string(number_in(written, "end_index"));
  out.append(R"(,"url":")").append(string_in(written, "url"));
  out.append(R"(","title":")").append(string_in(written, "title"));
  return out += "\"}";
}

std::string_view chunk_reader::read_like_before(std::string_view members) const {
  const auto frame = before_.size() + after_.size();
  if (frame == 0 || members.size() < frame || !members.starts_with(before_) ||
      !members.ends_with(after_))
    return {};
  const auto text = members.substr(before_.size(), members.size() - frame);
  return is_all_of_string(text) ? text : std::string_view{};
}

const chunk_content& chunk_reader::read(std::string_view members) {
  found_ = {};
  std::string_view usage;
  for (json::members m{members}; m.next();) {
    if (m.name() == "choices" && m.value().starts_with('[')) {
      for (json::elements choice{m.value()}; choice.next();)
        read_choice(choice.value());
    } else if (m.name() == "usage" && m.value().starts_with('{')) {
      usage = m.value();
    } else if (m.name() == "x_groq" && m.value().starts_with('{') && usage.empty()) {
      usage = json::find_span(m.value(), "usage");
    }
  }
  if (usage.starts_with('{'))
    found_.usage = usage_of(usage);
  learn(members);
  return found_;
}

/// Reads the choice with index 0; others are not asked for.
void chunk_reader::read_choice(std::string_view choice) {
  if (!choice.starts_with('{') || number_in(choice, "index") != 0)
    return;
  for (json::members m{choice}; m.next();) {
    if ((m.name() == "delta" || m.name() == "message") && m.value().starts_with('{'))
      read_delta(m.value());
    else if (m.name() == "finish_reason")
      found_.finish_reason = unquoted(m.value());
    else if (m.name() == "logprobs" && m.value().starts_with('{'))
      found_.logprobs = elements_of(json::find_span(m.value(), "content"));
    else if (m.name() == "usage" && m.value().starts_with('{')) // Moonshot's place for it.
      found_.usage = usage_of(m.value());
  }
}

void chunk_reader::read_delta(std::string_view delta) {
  std::string_view other_reasoning;
  for (json::members m{delta}; m.next();) {
    if (m.name() == "content") {
      read_content(m.value());
    } else if (m.name() == "refusal") {
      found_.refusal = unquoted(m.value());
    } else if (m.name() == "reasoning_content") {
      found_.reasoning = unquoted(m.value());
    } else if (m.name() == "reasoning") {
      other_reasoning = unquoted(m.value());
    } else if (m.name() == "annotations" && m.value().starts_with('[')) {
      found_.annotations = m.value();
    } else if (m.name() == "function_call" && m.value().starts_with('{')) {
      found_.calls.push_back(call_to(m.value()));
    } else if (m.name() == "tool_calls" && m.value().starts_with('[')) {
      std::int64_t position = 0;
      for (json::elements call{m.value()}; call.next(); ++position)
        if (call.value().starts_with('{'))
          found_.calls.push_back(call_of(call.value(), position));
    }
  }
  if (found_.reasoning.empty())
    found_.reasoning = other_reasoning;
}

/// A whole answer may have content in parts.
void chunk_reader::read_content(std::string_view content) {
  if (!content.starts_with('[')) {
    found_.text = unquoted(content);
    return;
  }
  joined_.clear();
  for (json::elements part{content}; part.next();)
    if (part.value().starts_with('{'))
      joined_ += string_in(part.value(), "text");
  found_.text = joined_;
}

/// Keeps the bytes around the text for `read_like_before`, if the chunk has just one.
void chunk_reader::learn(std::string_view members) {
  const auto is_text = !found_.text.empty();
  const auto text = is_text ? found_.text : found_.reasoning;
  const auto others = is_text ? found_.reasoning : std::string_view{};
  if (text.empty() || text.data() == joined_.data() || !others.empty() || !found_.refusal.empty() ||
      !found_.calls.empty() || !found_.finish_reason.empty() || !found_.logprobs.empty() ||
      !found_.annotations.empty() || found_.usage)
    return;
  const auto begin = static_cast<std::size_t>(text.data() - members.data());
  before_ = members.substr(0, begin);
  after_ = members.substr(begin + text.size());
  what_ = is_text ? output_part::kind::output_text : output_part::kind::reasoning_text;
}

} // namespace nekod::openai::responses
