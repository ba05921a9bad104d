#include "http/server/exchange.hpp"

#include <algorithm>

namespace nekod::http {

namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

} // namespace

std::string_view request::header(std::string_view name) const noexcept {
  auto i = std::find_if(headers.begin(), headers.end(),
                        [&](const auto& field) { return same_name(field.first, name); });
  return i == headers.end() ? std::string_view{} : std::string_view{i->second};
}

} // namespace nekod::http
