#include "http/server/page/preference.hpp"

#include "protocol/text/words.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>

namespace nekod::http {

namespace {

/// Calls *f* with each part of *text* between such separators, without blanks around it.
template <class F>
void each_part(std::string_view text, char separator, F f) {
  for (;;) {
    auto end = std::min(text.find(separator), text.size());
    f(trim(text.substr(0, end)));
    if (end == text.size())
      return;
    text.remove_prefix(end + 1);
  }
}

/// Calls *f* with each element of all fields of that name.
template <class F>
void each_element(const request& r, std::string_view name, F f) {
  for (const auto& [field, value] : r.headers)
    if (same_word(field, name))
      each_part(value, ',', f);
}

/// The weight in the parameters of an element, 1 if there is none; from 0 to 1.
double weight_of(std::string_view parameters) {
  double result = 1;
  each_part(parameters, ';', [&](std::string_view parameter) {
    if (parameter.size() > 2 && same_word(parameter.substr(0, 2), "q="))
      result = std::clamp(std::strtod(std::string{parameter.substr(2)}.c_str(), nullptr), 0.0, 1.0);
  });
  return result;
}

/// The weight that the fields of that name give to *word* by name; nothing if they do not.
std::optional<double> weight_in(const request& r, std::string_view name, std::string_view word) {
  std::optional<double> result;
  each_element(r, name, [&](std::string_view element) {
    auto end = std::min(element.find(';'), element.size());
    if (same_word(trim(element.substr(0, end)), word))
      result = weight_of(element.substr(end));
  });
  return result;
}

} // namespace

bool wants_page(const request& r) {
  auto page = weight_in(r, "Accept", "text/html").value_or(0);
  return page > 0 && page >= weight_in(r, "Accept", "application/json").value_or(0);
}

bool takes_gzip(const request& r) {
  auto any = weight_in(r, "Accept-Encoding", "*").value_or(0);
  return weight_in(r, "Accept-Encoding", "gzip").value_or(any) > 0;
}

bool has_copy(const request& r, std::string_view tag) {
  bool found = false;
  each_element(r, "If-None-Match", [&](std::string_view element) {
    if (element.substr(0, 2) == "W/")
      element.remove_prefix(2);
    found = found || element == tag || element == "*";
  });
  return found;
}

} // namespace nekod::http
