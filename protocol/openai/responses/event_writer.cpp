#include "protocol/openai/responses/event_writer.hpp"

#include "protocol/text/sse.hpp"

#include <array>
#include <charconv>

namespace nekod::openai::responses {
namespace {

using part_kind = output_part::kind;

constexpr std::string_view end_of_text = "\"}\n\n";
constexpr std::string_view end_of_output_text = "\",\"logprobs\":[]}\n\n";
constexpr std::size_t most_digits = 20;

/// The words for one kind of part.
struct wording {
  /// Before `.delta` and `.done`.
  std::string_view text;
  /// Before `.added` and `.done` of the part; empty if it has no such events.
  std::string_view part;
  std::string_view index;
  /// The member of `.done` with all of the text.
  std::string_view whole;
};

wording wording_of(part_kind what) noexcept {
  constexpr std::string_view content_part = "response.content_part";
  constexpr std::string_view content_index = "content_index";
  switch (what) {
  case part_kind::output_text:
    return {"response.output_text", content_part, content_index, "text"};
  case part_kind::refusal:
    return {"response.refusal", content_part, content_index, "refusal"};
  case part_kind::reasoning_text:
    return {"response.reasoning_text", content_part, content_index, "text"};
  case part_kind::summary_text:
    return {"response.reasoning_summary_text", "response.reasoning_summary_part", "summary_index",
            "text"};
  case part_kind::arguments:
    return {"response.function_call_arguments", {}, {}, "arguments"};
  case part_kind::input:
    return {"response.custom_tool_call_input", {}, {}, "input"};
  }
  return {};
}

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, most_digits> digits; // NOLINT: filled below
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

/// Appends an event up to its number.
void append_begin(std::string& out, std::string_view type) {
  out.append("event: ").append(type).append("\ndata: {\"type\":\"").append(type);
  out += R"(","sequence_number":)";
}

/// Appends the place of a part.
void append_place(std::string& out, const output_item& item, std::size_t part) {
  out.append(R"(,"item_id":")").append(item.id).append(R"(","output_index":)");
  append_number(out, item.index);
  if (const auto index = wording_of(item.parts[part].what).index; !index.empty()) {
    out.append(",\"").append(index).append("\":");
    append_number(out, index_in_list(item, part));
  }
}

std::string joined(std::string_view a, std::string_view b) { return std::string{a}.append(b); }

} // namespace

bool event_writer::begin_event(std::string_view type) {
  const auto number = next_++;
  if (number <= after_)
    return false;
  append_begin(*out_, type);
  append_number(*out_, static_cast<std::uint64_t>(number));
  return true;
}

void event_writer::done() { sse::append_event(*out_, "[DONE]"); }

std::size_t event_writer::frame() const noexcept {
  return delta_.empty() ? 0 : delta_.size() + most_digits + delta_end_.size();
}

void event_writer::item_event(std::string_view type, std::size_t index, std::string_view json) {
  if (!begin_event(type))
    return;
  *out_ += R"(,"output_index":)";
  append_number(*out_, index);
  out_->append(R"(,"item":)").append(json);
  end_event();
}

void event_writer::item_begins(const output_item& item) {
  std::string json;
  append_begun(json, item);
  item_event("response.output_item.added", item.index, json);
}

void event_writer::item_ends(const output_item& item, std::string_view json) {
  item_event("response.output_item.done", item.index, json);
}

void event_writer::part_event(std::string_view type, const output_item& item, std::size_t part,
                              const output_part& told) {
  if (!begin_event(type))
    return;
  append_place(*out_, item, part);
  *out_ += R"(,"part":)";
  append_part(*out_, told);
  end_event();
}

void event_writer::part_begins(const output_item& item, std::size_t part) {
  const auto what = item.parts[part].what;
  const auto words = wording_of(what);
  if (!words.part.empty())
    part_event(joined(words.part, ".added"), item, part, {what, {}, {}, {}});
  delta_.clear();
  append_begin(delta_, joined(words.text, ".delta"));
  number_begin_ = number_end_ = delta_.size();
  append_place(delta_, item, part);
  delta_ += R"(,"delta":")";
  delta_end_ = what == part_kind::output_text ? end_of_output_text : end_of_text;
}

/// Puts the number into the event that is made ready. Mostly it is the next one, with another last
/// digit.
void event_writer::number_delta(std::int64_t number) {
  if (number == delta_number_ + 1 && number_end_ > number_begin_ && delta_[number_end_ - 1] < '9') {
    ++delta_[number_end_ - 1];
  } else {
    std::string digits;
    append_number(digits, static_cast<std::uint64_t>(number));
    delta_.replace(number_begin_, number_end_ - number_begin_, digits);
    number_end_ = number_begin_ + digits.size();
  }
  delta_number_ = number;
}

void event_writer::part_grows(std::string_view text, std::string_view logprobs) {
  const auto number = next_++;
  if (number <= after_)
    return;
  number_delta(number);
  auto& out = *out_;
  out += delta_;
  out += text;
  if (logprobs.empty())
    out += delta_end_;
  else
    out.append("\",\"logprobs\":[").append(logprobs).append("]}\n\n");
}

void event_writer::part_annotated(const output_item& item, std::size_t part, std::size_t index) {
  if (!begin_event("response.output_text.annotation.added"))
    return;
  append_place(*out_, item, part);
  *out_ += R"(,"annotation_index":)";
  append_number(*out_, index);
  out_->append(R"(,"annotation":)").append(item.parts[part].annotations[index]);
  end_event();
}

void event_writer::part_ends(const output_item& item, std::size_t part) {
  const auto& told = item.parts[part];
  const auto words = wording_of(told.what);
  if (begin_event(joined(words.text, ".done"))) {
    append_place(*out_, item, part);
    out_->append(",\"").append(words.whole).append("\":\"").append(told.text).append("\"");
    if (told.what == part_kind::output_text)
      out_->append(R"(,"logprobs":[)").append(told.logprobs).append("]");
    if (told.what == part_kind::arguments)
      out_->append(R"(,"name":")").append(item.name).append("\"");
    end_event();
  }
  if (!words.part.empty())
    part_event(joined(words.part, ".done"), item, part, told);
  delta_.clear();
}

} // namespace nekod::openai::responses
