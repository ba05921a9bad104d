#include "http/server/message/exchange.hpp"

#include "protocol/text/words.hpp"

#include <algorithm>

namespace nekod::http {

std::string_view request::header(std::string_view name) const noexcept {
  auto i = std::find_if(headers.begin(), headers.end(),
                        [&](const auto& field) { return same_word(field.first, name); });
  return i == headers.end() ? std::string_view{} : std::string_view{i->second};
}

std::size_t request::header_size() const noexcept {
  constexpr std::size_t around_value = 4; // A colon, a space, and the line's end.
  std::size_t result = 0;
  for (const auto& [name, value] : headers)
    result += name.size() + value.size() + around_value;
  return result;
}

} // namespace nekod::http
