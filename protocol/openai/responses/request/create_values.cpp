#include "protocol/openai/responses/request/create_values.hpp"

#include "protocol/openai/body_checks.hpp"

#include <algorithm>

namespace nekod::openai::responses {
namespace {

using chat::failure;
using chat::failure_code;
using json::value;
using outcome = std::optional<failure>;

bool is_schema_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

outcome check_schema(const value& format, const std::string& place) {
  const auto name = required_string(format, "name", place);
  if (!name)
    return name.error();
  if (!is_schema_name(*name))
    return failure{failure_code::invalid_value, place + ".name",
                   "expected 1 to 64 characters of a-z A-Z 0-9 _ -"};
  const auto* schema = value_of(format, "schema");
  if (schema == nullptr)
    return failure{failure_code::missing_required_parameter, place + ".schema"};
  if (auto e = check(place + ".schema", *schema, shapes::object))
    return e;
  if (const auto* strict = value_of(format, "strict"))
    if (auto e = check(place + ".strict", *strict, shapes::boolean))
      return e;
  if (const auto* description = value_of(format, "description"))
    return check(place + ".description", *description, shapes::string);
  return std::nullopt;
}

/// The format in the form of chat completions, where a schema is nested deeper.
std::string chat_format(std::string_view type, const value& format) {
  if (type != "json_schema")
    return R"({"type":"json_object"})";
  std::string members;
  for (const auto* name : {"name", "description", "schema", "strict"})
    if (const auto* v = value_of(format, name))
      add_member(members, name, *v);
  return R"({"type":"json_schema","json_schema":{)" + members.substr(1) + "}}";
}

outcome take_format(const value& format, const std::string& place, create_request& r) {
  if (auto e = check(place, format, shapes::object))
    return e;
  const auto type = required_string(format, "type", place);
  if (!type)
    return type.error();
  if (*type == "text")
    return std::nullopt;
  if (*type != "json_object" && *type != "json_schema")
    return failure{failure_code::invalid_value, place + ".type",
                   "expected text, json_object or json_schema"};
  if (*type == "json_schema")
    if (auto e = check_schema(format, place))
      return e;
  r.demands.push_back(place);
  r.parameters += R"(,"response_format":)" + chat_format(*type, format);
  return std::nullopt;
}

std::string echo_of_format(const value* format) {
  const auto type = format == nullptr ? std::nullopt : json::find_string(*format, "type");
  if (type == "json_object")
    return R"({"type":"json_object"})";
  if (type != "json_schema")
    return R"({"type":"text"})";
  auto text_or = [&](std::string_view name, std::string_view otherwise) {
    const auto* v = value_of(*format, name);
    return v == nullptr ? std::string{otherwise} : json::to_text(*v);
  };
  return R"({"type":"json_schema","name":)" + text_or("name", "null") + R"(,"description":)" +
         text_or("description", "null") + R"(,"schema":)" + text_or("schema", "null") +
         R"(,"strict":)" + text_or("strict", "false") + "}";
}

} // namespace

const value* value_of(const value& object, std::string_view name) {
  const auto* v = json::find(object, name);
  return v == nullptr || v->IsNull() ? nullptr : v;
}

void add_member(std::string& out, std::string_view name, const value& v) {
  out.append(",\"").append(name).append("\":").append(json::to_text(v));
}

std::size_t length_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

outcome check_metadata(const value& v, std::string_view name) {
  const std::string place{name};
  if (v.MemberCount() > 16)
    return failure{failure_code::invalid_value, place, "expected up to 16 members"};
  for (const auto& m : v.GetObject()) {
    if (!m.value.IsString())
      return failure{failure_code::invalid_type, place, "expected strings as values"};
    if (length_of(json::text_of(m.name)) > 64 || length_of(json::text_of(m.value)) > 512)
      return failure{failure_code::invalid_value, place,
                     "expected names of up to 64 characters and values of up to 512"};
  }
  return std::nullopt;
}

outcome take_text(std::string_view name, const value& v, create_request& r) {
  const std::string place{name};
  if (const auto* verbosity = value_of(v, "verbosity")) {
    if (auto e = check(place + ".verbosity", *verbosity, shapes::string))
      return e;
    r.beside.tuning_of_openai.push_back(place + ".verbosity");
    add_member(r.beside.of_openai, "verbosity", *verbosity);
  }
  const auto* format = value_of(v, "format");
  return format == nullptr ? std::nullopt : take_format(*format, place + ".format", r);
}

std::string echo_of_text(const value* text) {
  const auto* format = text == nullptr ? nullptr : value_of(*text, "format");
  const auto* verbosity = text == nullptr ? nullptr : value_of(*text, "verbosity");
  return R"({"format":)" + echo_of_format(format) + R"(,"verbosity":)" +
         (verbosity == nullptr ? R"("medium")" : json::to_text(*verbosity)) + "}";
}

} // namespace nekod::openai::responses
