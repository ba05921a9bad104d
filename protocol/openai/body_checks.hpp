#pragma once

#include "protocol/chat/failure.hpp"
#include "protocol/result.hpp"
#include "protocol/text/json.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

/// Checks on the members of bodies that clients send, each with the failure that names the field.
namespace nekod::openai {

/// Why the body *doc* was refused.
chat::failure body_error(const json::document& doc);

/// The requirements on a value: its type, and the range of a number.
struct shape {
  bool (*holds)(const json::value&);
  std::string_view words;
  std::int64_t low = std::numeric_limits<std::int64_t>::min();
  std::int64_t high = std::numeric_limits<std::int64_t>::max();
};

namespace shapes {

inline constexpr shape boolean{[](const json::value& v) { return v.IsBool(); }, "a boolean"};
inline constexpr shape string{[](const json::value& v) { return v.IsString(); }, "a string"};
inline constexpr shape array{[](const json::value& v) { return v.IsArray(); }, "an array"};
inline constexpr shape object{[](const json::value& v) { return v.IsObject(); }, "an object"};
inline constexpr shape string_or_array{
    [](const json::value& v) { return v.IsString() || v.IsArray(); },
    "a string or an array of strings"};
inline constexpr shape string_or_object{
    [](const json::value& v) { return v.IsString() || v.IsObject(); }, "a string or an object"};
inline constexpr shape integer{[](const json::value& v) { return json::integer_of(v).has_value(); },
                               "an integer"};
inline constexpr shape positive_integer{integer.holds, integer.words, 1};

constexpr shape integer_from(std::int64_t low, std::int64_t high) {
  return {integer.holds, integer.words, low, high};
}

constexpr shape number_from(std::int64_t low, std::int64_t high) {
  return {[](const json::value& v) { return v.IsNumber(); }, "a number", low, high};
}

} // namespace shapes

/// Checks *v*, the value of the field *name*.
std::optional<chat::failure> check(std::string_view name, const json::value& v, const shape& s);

/// Checks that each element of the array *list* is a string.
std::optional<chat::failure> check_strings(std::string_view name, const json::value& list);

/// The required string *name* of *object*, which is at *place* in the body, or is the body if that
/// is empty; null counts as missing.
result<std::string_view, chat::failure>
required_string(const json::value& object, std::string_view name, const std::string& place);

/// The failure of a value of the wrong type.
chat::failure wrong_type(std::string place, std::string_view expected);

/// The place of an element: `array[index]`.
std::string element(std::string_view array, std::size_t index);

} // namespace nekod::openai
