#include "protocol/openai/responses/condensed_replay.hpp"

#include "protocol/openai/responses/chunk_content.hpp"
#include "protocol/openai/responses/event_writer.hpp"
#include "protocol/text/json_spans.hpp"
#include "protocol/text/json_strings.hpp"

#include <optional>

namespace nekod::openai::responses {
namespace {

using output_kind = output_item::kind;
using part_kind = output_part::kind;

std::optional<output_kind> output_kind_of(std::string_view type) {
  for (const auto kind : {output_kind::message, output_kind::reasoning, output_kind::function_call,
                          output_kind::custom_tool_call})
    if (type_of(kind) == type)
      return kind;
  return std::nullopt;
}

/// Adds the parts of a list to an item, as far as they are known.
void read_parts(std::string_view list, output_item& item) {
  if (!list.starts_with('['))
    return;
  for (json::elements e{list}; e.next();) {
    const auto type = string_in(e.value(), "type");
    for (const auto kind : {part_kind::output_text, part_kind::refusal, part_kind::reasoning_text,
                            part_kind::summary_text}) {
      if (type_of(kind) != type)
        continue;
      auto& part = item.parts.emplace_back();
      part.what = kind;
      part.text = string_in(e.value(), kind == part_kind::refusal ? "refusal" : "text");
      if (const auto logprobs = json::find_span(e.value(), "logprobs"); logprobs.size() > 2)
        part.logprobs = logprobs.substr(1, logprobs.size() - 2);
      const auto annotations = json::find_span(e.value(), "annotations");
      if (kind == part_kind::output_text && annotations.starts_with('['))
        for (json::elements a{annotations}; a.next();)
          part.annotations.emplace_back(a.value());
    }
  }
}

/// @returns nothing for an item of another type.
std::optional<output_item> read_item(std::string_view json, std::size_t index) {
  const auto kind = output_kind_of(string_in(json, "type"));
  if (!kind)
    return std::nullopt;
  output_item item;
  item.what = *kind;
  item.id = string_in(json, "id");
  item.index = index;
  if (item.is_call()) {
    item.call_id = string_in(json, "call_id");
    item.name = string_in(json, "name");
    item.name_space = string_in(json, "namespace");
    auto& part = item.parts.emplace_back();
    part.what = *kind == output_kind::function_call ? part_kind::arguments : part_kind::input;
    part.text = string_in(json, type_of(part.what));
  } else {
    read_parts(json::find_span(json, "summary"), item);
    read_parts(json::find_span(json, "content"), item);
  }
  return item;
}

/// @param ends Whether the item has come to its end.
void replay_item(event_writer& writer, std::string_view json, std::size_t index, bool ends) {
  const auto item = read_item(json, index);
  if (!item) {
    writer.item_event("response.output_item.added", index, json);
    writer.item_event("response.output_item.done", index, json);
    return;
  }
  writer.item_begins(*item);
  for (std::size_t i = 0; i < item->parts.size(); ++i) {
    const auto& part = item->parts[i];
    writer.part_begins(*item, i);
    if (!part.text.empty())
      writer.part_grows(part.text, part.logprobs);
    for (std::size_t a = 0; a < part.annotations.size(); ++a)
      writer.part_annotated(*item, i, a);
    if (ends || i + 1 < item->parts.size())
      writer.part_ends(*item, i);
  }
  if (ends)
    writer.item_ends(*item, json);
}

/// @param error The member of the response object.
void append_error(event_writer& writer, std::string& out, std::string_view error) {
  if (!writer.begin_event("error"))
    return;
  out.append(R"(,"error":{"message":)").append(json::find_span(error, "message"));
  out += R"(,"type":"server_error","param":null,"code":)";
  out.append(json::find_span(error, "code")) += '}';
  writer.end_event();
}

void append_state(event_writer& writer, std::string& out, std::string_view type,
                  std::string_view response) {
  if (!writer.begin_event(type))
    return;
  out.append(R"(,"response":)").append(response);
  writer.end_event();
}

/// The object as it was when the response began.
std::string begun(std::string_view object) {
  std::string out;
  for (json::members m{object}; m.next();) {
    out += out.empty() ? '{' : ',';
    if (m.name() == "status")
      out += R"("status":"in_progress")";
    else if (m.name() == "output")
      out += R"("output":[])";
    else if (m.name() == "completed_at" || m.name() == "error" ||
             m.name() == "incomplete_details" || m.name() == "usage")
      out.append("\"").append(m.name()).append("\":null");
    else
      out += m.whole();
  }
  return out + '}';
}

} // namespace

void append_replay(std::string& out, const response_head& head, const response_result& result) {
  std::string object;
  append_response(object, head, result);
  append_replay(out, object);
}

void append_replay(std::string& out, std::string_view object) {
  event_writer writer;
  writer.write_to(out);
  const auto first = begun(object);
  append_state(writer, out, "response.created", first);
  append_state(writer, out, "response.in_progress", first);
  const auto status = string_in(object, "status");
  const auto breaks_off = status == "failed" || status == "cancelled";
  std::size_t index = 0;
  for (json::elements items{json::find_span(object, "output")}; items.next();) {
    const auto ends = !breaks_off || string_in(items.value(), "status") != "incomplete";
    replay_item(writer, items.value(), index++, ends);
  }
  if (const auto error = json::find_span(object, "error"); error.starts_with('{'))
    append_error(writer, out, error);
  if (status != "cancelled")
    append_state(writer, out, "response." + std::string{status}, object);
  writer.done();
}

} // namespace nekod::openai::responses
