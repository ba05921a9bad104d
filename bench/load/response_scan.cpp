#include "bench/load/response_scan.hpp"

#include "bench/load/json_scan.hpp"
#include "protocol/text/json.hpp"
#include "protocol/text/json_strings.hpp"

#include <string>
#include <utility>

namespace nekod::load {
namespace {

constexpr std::string_view delta_type = "response.output_text.delta";

parsed_chunk no_event(std::string why) { return {{}, false, {}, std::move(why), false}; }

std::string string_of(const json::value& object, std::string_view name) {
  return std::string{json::find_string(object, name).value_or(std::string_view{})};
}

bool has_ended(std::string_view status) { return status == "completed" || status == "incomplete"; }

/// Calls *take* with the members of the array *name*.
template <class Take>
void each_of(const json::value& object, std::string_view name, Take take) {
  const auto* list = json::find(object, name);
  if (list != nullptr && list->IsArray())
    for (const auto& each : list->GetArray())
      if (each.IsObject())
        take(each);
}

} // namespace

std::optional<std::string_view> scan_event(std::string_view data) {
  constexpr std::string_view type_word = R"("type":"response.output_text.delta")";
  constexpr std::string_view text_word = R"("delta":")";
  if (!data.starts_with('{') || !data.ends_with('}') || find_word(data, type_word) == data.npos)
    return std::nullopt;
  const auto word = find_word(data, text_word);
  if (word == data.npos)
    return std::nullopt;
  const auto begin = word + text_word.size();
  const auto end = string_end(data, begin);
  if (end == data.npos)
    return std::nullopt;
  return data.substr(begin, end - begin);
}

parsed_chunk parse_event(std::string_view data) {
  const auto text = json::parse(data);
  if (!text || !text.root.IsObject())
    return no_event("an event is not a JSON object");
  const auto type = string_of(text.root, "type");
  if (type.empty())
    return no_event("an event has no type");
  if (auto report = reported_error(text.root); type == "error" || !report.empty())
    return {{}, false, {}, "error event: " + report, true};
  parsed_chunk found;
  if (type == delta_type)
    json::append_escaped(found.content, string_of(text.root, "delta"));
  const auto* response = json::find(text.root, "response");
  if (response == nullptr || !response->IsObject())
    return found;
  if (auto report = reported_error(*response); !report.empty())
    return {{}, false, {}, "error event: " + report, true};
  found.id = string_of(*response, "id");
  found.finishes = has_ended(string_of(*response, "status"));
  return found;
}

whole_answer read_whole_response(std::string_view body) {
  const auto text = json::parse(body);
  if (!text || !text.root.IsObject())
    return wrong_answer("an answer is not a JSON object");
  if (auto report = reported_error(text.root); !report.empty())
    return wrong_answer("error in an answer of status 200: " + report);
  if (!has_ended(string_of(text.root, "status")))
    return wrong_answer("a response has not ended");
  whole_answer result;
  result.id = string_of(text.root, "id");
  each_of(text.root, "output", [&](const json::value& item) {
    each_of(item, "content", [&](const json::value& part) {
      json::append_escaped(result.text, string_of(part, "text"));
    });
  });
  if (result.text.empty())
    return wrong_answer("an answer has no text");
  return result;
}

} // namespace nekod::load
