#include "actors/store/moving/member_reader.hpp"

#include "protocol/text/hex.hpp"

#include <utility>

namespace nekod::moving {

member_reader::member_reader(const json::value& object, std::string path, std::string& problem)
    : object_(object), path_(std::move(path)), problem_(problem) {
  if (!object.IsObject() && problem_.empty())
    problem_ = path_ + " must be an object";
  path_ += '.';
}

void member_reader::refuse(std::string_view name, std::string_view reason) {
  if (problem_.empty())
    problem_.append(path_).append(name).append(" ").append(reason);
}

bool member_reader::is_null(std::string_view name) const {
  const auto* v = json::find(object_, name);
  return v && v->IsNull();
}

/// The member; null if it is missing or has another type.
const json::value* member_reader::find(std::string_view name, rapidjson::Type type,
                                       std::string_view what) {
  if (!problem_.empty())
    return nullptr;
  const auto* v = json::find(object_, name);
  if (!v)
    refuse(name, "is missing");
  else if (v->GetType() != type)
    refuse(name, std::string{"must be "}.append(what));
  else
    return v;
  return nullptr;
}

std::string member_reader::text(std::string_view name, std::size_t longest) {
  const auto* v = find(name, rapidjson::kStringType, "a string");
  if (!v)
    return {};
  const auto found = json::text_of(*v);
  if (found.find('\0') != found.npos)
    refuse(name, "must not have a NUL");
  else if (found.size() > longest)
    refuse(name, "must have at most " + std::to_string(longest) + " bytes");
  else
    return std::string{found};
  return {};
}

std::optional<std::string> member_reader::text_or_null(std::string_view name, std::size_t longest) {
  return is_null(name) ? std::nullopt : std::optional{text(name, longest)};
}

std::string member_reader::bytes(std::string_view name, std::size_t longest) {
  auto read = bytes_of_hex(text(name, 2 * longest));
  if (!read)
    refuse(name, "must be hexadecimal digits");
  return std::move(read).value_or(std::string{});
}

std::int64_t member_reader::number(std::string_view name) {
  const auto* v = find(name, rapidjson::kNumberType, "a number");
  if (v && v->IsInt64())
    return v->GetInt64();
  if (v)
    refuse(name, "must be a whole number of 64 bits");
  return 0;
}

std::optional<std::int64_t> member_reader::number_or_null(std::string_view name) {
  return is_null(name) ? std::nullopt : std::optional{number(name)};
}

std::uint64_t member_reader::count(std::string_view name) {
  const auto found = number(name);
  if (found < 0)
    refuse(name, "must not be negative");
  return static_cast<std::uint64_t>(found < 0 ? 0 : found);
}

bool member_reader::flag(std::string_view name) {
  if (!problem_.empty())
    return false;
  const auto* v = json::find(object_, name);
  if (!v)
    refuse(name, "is missing");
  else if (!v->IsBool())
    refuse(name, "must be true or false");
  return v && v->IsTrue();
}

std::string member_reader::object_text(std::string_view name) {
  auto found = text(name);
  if (problem_.empty()) {
    const auto parsed = json::parse(found);
    if (!parsed || !parsed.root.IsObject())
      refuse(name, "must be a JSON object");
  }
  return found;
}

} // namespace nekod::moving
