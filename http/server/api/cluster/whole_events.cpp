#include "http/server/api/cluster/whole_events.hpp"

#include <charconv>
#include <system_error>

namespace nekod::http {

namespace {

constexpr std::string_view event_end = "\n\n";

/// In a text the quotes would be escaped.
constexpr std::string_view number_member = R"("sequence_number":)";

} // namespace

std::string whole_events::take(std::string_view bytes) {
  // An end may be divided between two calls.
  const auto from = rest_.empty() ? 0 : rest_.size() - 1;
  rest_.append(bytes);
  const auto end = rest_.rfind(event_end);
  if (end == std::string::npos || end < from)
    return {};
  auto ready = rest_.substr(0, end + event_end.size());
  rest_.erase(0, ready.size());
  note_number(ready);
  return ready;
}

void whole_events::note_number(std::string_view events) {
  const auto at = events.rfind(number_member);
  if (at == std::string_view::npos)
    return;
  const auto text = events.substr(at + number_member.size());
  std::int64_t number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc{})
    last_ = number;
}

} // namespace nekod::http
