#include "protocol/openai/body_checks.hpp"

#include <utility>

namespace nekod::openai {
namespace {

bool is_in_range(const json::value& v, const shape& s) {
  return !v.IsNumber() || (v.GetDouble() >= static_cast<double>(s.low) &&
                           v.GetDouble() <= static_cast<double>(s.high));
}

std::string expectation(const shape& s) {
  auto text = "expected " + std::string{s.words};
  if (s.low == shapes::integer.low)
    return text;
  if (s.high == shapes::integer.high)
    return text + " of at least " + std::to_string(s.low);
  return text + " from " + std::to_string(s.low) + " to " + std::to_string(s.high);
}

} // namespace

chat::failure body_error(const json::document& doc) {
  const auto position = "at byte " + std::to_string(doc.offset);
  switch (doc.error) {
  case json::fault::empty:
    return chat::failure{chat::failure_code::empty_body};
  case json::fault::encoding:
    return {chat::failure_code::invalid_encoding, {}, position};
  case json::fault::too_deep:
    return {chat::failure_code::nesting_too_deep,
            {},
            "the limit is " + std::to_string(json::max_depth) + " levels"};
  default:
    return {chat::failure_code::invalid_json, {}, position};
  }
}

std::optional<chat::failure> check(std::string_view name, const json::value& v, const shape& s) {
  if (!s.holds(v))
    return chat::failure{chat::failure_code::invalid_type, std::string{name}, expectation(s)};
  if (!is_in_range(v, s))
    return chat::failure{chat::failure_code::invalid_value, std::string{name}, expectation(s)};
  return std::nullopt;
}

std::optional<chat::failure> check_strings(std::string_view name, const json::value& list) {
  for (rapidjson::SizeType i = 0; i < list.Size(); ++i)
    if (auto e = check(element(name, i), list[i], shapes::string))
      return e;
  return std::nullopt;
}

result<std::string_view, chat::failure>
required_string(const json::value& object, std::string_view name, const std::string& place) {
  const auto* v = json::find(object, name);
  auto param = (place.empty() ? place : place + ".") + std::string{name};
  if (v == nullptr || v->IsNull())
    return chat::failure{chat::failure_code::missing_required_parameter, std::move(param)};
  if (!v->IsString())
    return wrong_type(std::move(param), "a string");
  return json::text_of(*v);
}

chat::failure wrong_type(std::string place, std::string_view expected) {
  return {chat::failure_code::invalid_type, std::move(place), "expected " + std::string{expected}};
}

std::string element(std::string_view array, std::size_t index) {
  return std::string{array} + "[" + std::to_string(index) + "]";
}

} // namespace nekod::openai
