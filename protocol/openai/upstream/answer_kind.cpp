#include "protocol/openai/upstream/answer_kind.hpp"

#include "protocol/text/words.hpp"

#include <algorithm>

namespace nekod::openai {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool names(std::string_view content_type, std::string_view word) {
  return std::search(content_type.begin(), content_type.end(), word.begin(), word.end(),
                     [](char a, char b) { return to_lower(a) == b; }) != content_type.end();
}

} // namespace

answer_kind kind_of(std::string_view content_type, std::string_view begin, answer_kind asked) {
  if (begin.size() < byte_order_mark.size() && byte_order_mark.starts_with(begin))
    return answer_kind::unknown;
  if (begin.starts_with(byte_order_mark))
    begin.remove_prefix(byte_order_mark.size());
  const auto at = begin.find_first_not_of(" \t\r\n");
  if (at == begin.npos)
    return answer_kind::unknown;
  // No event begins like JSON. So servers that name a wrong type, or none, are understood as well.
  if (begin[at] == '{' || begin[at] == '[')
    return answer_kind::whole;
  // The first letters of an event's fields, and of comments.
  if (names(content_type, "event-stream") ||
      std::string_view{":deir"}.find(begin[at]) != begin.npos)
    return answer_kind::stream;
  return names(content_type, "json") ? answer_kind::whole : asked;
}

} // namespace nekod::openai
