#include "protocol/openai/upstream/chunk_pattern.hpp"

#include "protocol/text/json.hpp"
#include "protocol/text/json_spans.hpp"
#include "protocol/text/json_strings.hpp"

#include <utility>

namespace nekod::openai {
namespace {

/// The value of the member *name*; empty unless there is exactly one.
std::string_view only_member(std::string_view object, std::string_view name) {
  std::string_view found;
  for (json::members m{object}; m.next();) {
    if (m.name() != name)
      continue;
    if (!found.empty())
      return {};
    found = m.value();
  }
  return found;
}

/// The only element of an array; empty unless there is exactly one.
std::string_view only_element(std::string_view array) {
  json::elements all{array};
  if (!array.starts_with('[') || !all.next())
    return {};
  const auto first = all.value();
  return all.next() ? std::string_view{} : first;
}

/// The string `content`, with its quotes, if *delta* has nothing else; otherwise empty.
std::string_view only_content(std::string_view delta) {
  json::members m{delta};
  if (!m.next() || m.name() != "content" || !m.value().starts_with('"'))
    return {};
  const auto content = m.value();
  return m.next() ? std::string_view{} : content;
}

} // namespace

std::optional<chunk_pattern::frame> chunk_pattern::frame_of(std::string_view chunk) {
  const auto choice = only_element(only_member(chunk, "choices"));
  const auto content = only_content(only_member(choice, "delta"));
  if (content.size() < 2)
    return std::nullopt;
  const auto begin = static_cast<std::size_t>(content.data() - chunk.data()) + 1;
  return frame{std::string{chunk.substr(0, begin)},
               std::string{chunk.substr(begin + content.size() - 2)}};
}

std::optional<chunk_pattern> chunk_pattern::of(std::string_view chunk, std::string_view members) {
  auto theirs = frame_of(chunk);
  auto ours = frame_of('{' + std::string{members} + '}');
  if (!theirs || !ours)
    return std::nullopt;
  // The members do not include the braces.
  ours->before.erase(0, 1);
  ours->after.pop_back();
  chunk_pattern result;
  result.chunk_ = *std::move(theirs);
  result.members_ = *std::move(ours);
  return result;
}

bool chunk_pattern::take(std::string_view chunk, std::string& members, std::string& text) const {
  if (!chunk.starts_with(chunk_.before) || !chunk.ends_with(chunk_.after))
    return false;
  const auto rest = chunk.substr(chunk_.before.size());
  const auto size = text.size();
  const auto length = json::append_unescaped(text, rest);
  if (!length || rest.substr(*length) != chunk_.after) {
    text.resize(size);
    return false;
  }
  members += members_.before;
  members += rest.substr(0, *length);
  members += members_.after;
  return true;
}

} // namespace nekod::openai
