#pragma once

#include "protocol/text/json_strings.hpp"

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace nekod::sim {

/// Writes one JSON object, field by field. For source files only, since it includes RapidJSON.
class json_object {
public:
  json_object& text(std::string_view name, std::string_view value) {
    json::append_quoted(begin_field(name), value);
    return *this;
  }

  template <class Integer>
  json_object& number(std::string_view name, Integer value) {
    static_assert(std::is_integral_v<Integer>);
    begin_field(name) += std::to_string(value);
    return *this;
  }

  json_object& flag(std::string_view name, bool value) {
    begin_field(name) += value ? "true" : "false";
    return *this;
  }

  /// @param value JSON, written unchanged.
  json_object& raw(std::string_view name, std::string_view value) {
    begin_field(name) += value;
    return *this;
  }

  std::string take() {
    text_ += '}';
    return std::move(text_);
  }

private:
  std::string& begin_field(std::string_view name) {
    if (text_.size() > 1)
      text_ += ',';
    json::append_quoted(text_, name);
    text_ += ':';
    return text_;
  }

  std::string text_ = "{";
};

/// Appends *item*, which is JSON, to an array that was begun with `[`.
inline void append_item(std::string& array, std::string_view item) {
  if (array.size() > 1)
    array += ',';
  array += item;
}

/// An array of strings.
inline std::string json_array(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const auto& t : texts) {
    std::string item;
    json::append_quoted(item, t);
    append_item(out, item);
  }
  return out + ']';
}

/// The service's error object.
inline std::string error_json(std::string_view code, std::string_view detail) {
  return json_object{}.text("code", code).text("detail", detail).take();
}

} // namespace nekod::sim
