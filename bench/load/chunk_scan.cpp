#include "bench/load/chunk_scan.hpp"

#include "bench/load/answers.hpp"
#include "protocol/text/json.hpp"
#include "protocol/text/json_strings.hpp"

#include <string.h>

#include <utility>

namespace nekod::load {
namespace {

/// `std::string_view::find` stops at every quote mark, and JSON has many.
std::size_t find(std::string_view text, std::string_view what, std::size_t from = 0) {
  const auto* at = memmem(text.data() + from, text.size() - from, what.data(), what.size());
  return at == nullptr ? text.npos
                       : static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
}

/// The end of the string that begins after a quote mark.
std::size_t string_end(std::string_view text, std::size_t begin) {
  for (auto at = text.find('"', begin); at != text.npos; at = text.find('"', at + 1)) {
    auto before = at;
    while (before > begin && text[before - 1] == '\\')
      --before;
    if ((at - before) % 2 == 0)
      return at;
  }
  return text.npos;
}

parsed_chunk no_chunk(std::string why) { return {{}, false, std::move(why), false}; }

} // namespace

// A quote mark inside a string follows a backslash, so the words searched here, with their quote
// marks, never occur inside a text.

std::optional<std::string_view> scan_chunk(std::string_view data) {
  constexpr std::string_view delta_word = R"("delta":{)";
  constexpr std::string_view content_word = R"("content":")";
  constexpr std::string_view finish_word = R"("finish_reason":)";
  if (!data.starts_with('{') || !data.ends_with('}') || data.starts_with(R"({"error")"))
    return std::nullopt;
  auto at = find(data, delta_word);
  if (at == data.npos)
    return std::nullopt;
  at += delta_word.size();
  std::string_view content;
  if (data[at] != '}') {
    const auto word = find(data, content_word, at);
    if (word == data.npos)
      return std::nullopt;
    const auto begin = word + content_word.size();
    at = string_end(data, begin);
    if (at == data.npos)
      return std::nullopt;
    content = data.substr(begin, at - begin);
  }
  if (const auto word = find(data, finish_word, at); word != data.npos) {
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
    return {{}, false, "error event: " + report, true};
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
