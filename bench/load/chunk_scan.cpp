#include "bench/load/chunk_scan.hpp"

#include "bench/load/answers.hpp"
#include "bench/load/json_scan.hpp"
#include "protocol/text/json.hpp"
#include "protocol/text/json_strings.hpp"

#include <utility>

namespace nekod::load {
namespace {

parsed_chunk no_chunk(std::string why) { return {{}, false, {}, std::move(why), false}; }

} // namespace

std::optional<std::string_view> scan_chunk(std::string_view data) {
  constexpr std::string_view delta_word = R"("delta":{)";
  constexpr std::string_view content_word = R"("content":")";
  constexpr std::string_view finish_word = R"("finish_reason":)";
  if (!data.starts_with('{') || !data.ends_with('}') || data.starts_with(R"({"error")"))
    return std::nullopt;
  auto at = find_word(data, delta_word);
  if (at == data.npos)
    return std::nullopt;
  at += delta_word.size();
  std::string_view content;
  if (data[at] != '}') {
    const auto word = find_word(data, content_word, at);
    if (word == data.npos)
      return std::nullopt;
    const auto begin = word + content_word.size();
    at = string_end(data, begin);
    if (at == data.npos)
      return std::nullopt;
    content = data.substr(begin, at - begin);
  }
  if (const auto word = find_word(data, finish_word, at); word != data.npos) {
    const auto reason = data.substr(word + finish_word.size());
    if (!reason.starts_with("null"))
      return std::nullopt;
  }
  return content;
}

parsed_chunk parse_chunk(std::string_view data) {
  const auto text = json::parse(data);
  if (!text || !text.root.IsObject())
    return no_chunk("an event is not a JSON object");
  if (auto report = reported_error(text.root); !report.empty())
    return {{}, false, {}, "error event: " + report, true};
  const auto* choices = json::find(text.root, "choices");
  if (choices == nullptr || !choices->IsArray())
    return no_chunk("a chunk has no list of choices");
  if (choices->Empty()) // Like the chunk with usage.
    return {};
  const auto* delta = (*choices)[0].IsObject() ? json::find((*choices)[0], "delta") : nullptr;
  if (delta == nullptr || !delta->IsObject())
    return no_chunk("a choice has no delta");
  parsed_chunk found;
  if (const auto content = json::find_string(*delta, "content"))
    json::append_escaped(found.content, *content);
  found.finishes = json::find_string((*choices)[0], "finish_reason").has_value();
  return found;
}

} // namespace nekod::load
