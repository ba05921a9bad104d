#pragma once

#include "protocol/text/json.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nekod::sim {

/// Reads the fields of a partial JSON object over existing values: missing fields keep their
/// values, and the first invalid field is reported. For source files only, since it includes
/// RapidJSON.
class field_reader {
public:
  explicit field_reader(std::string_view body) : document_(json::parse(body)) {
    if (!document_ || !document_.root.IsObject())
      complaint_ = "the body must be a JSON object";
  }

  /// Reads a whole number from *min* to *max*.
  template <class Number>
  void number(std::string_view name, Number& target, std::uint64_t min, std::uint64_t max) {
    const auto* v = find(name);
    if (v == nullptr)
      return;
    if (v->IsUint64() && v->GetUint64() >= min && v->GetUint64() <= max)
      target = static_cast<Number>(v->GetUint64());
    else
      complain(name, "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  }

  void text(std::string_view name, std::string& target) {
    const auto* v = find(name);
    if (v == nullptr)
      return;
    if (v->IsString())
      target = json::text_of(*v);
    else
      complain(name, "a string");
  }

  void flag(std::string_view name, bool& target) {
    const auto* v = find(name);
    if (v == nullptr)
      return;
    if (v->IsBool())
      target = v->GetBool();
    else
      complain(name, "true or false");
  }

  /// Reads an array of at least one string.
  void texts(std::string_view name, std::vector<std::string>& target) {
    const auto* v = find(name);
    if (v == nullptr)
      return;
    const auto is_text = [](const json::value& item) { return item.IsString(); };
    if (!v->IsArray() || v->Empty() || !std::all_of(v->Begin(), v->End(), is_text))
      return complain(name, "an array of strings");
    target.clear();
    for (const auto& item : v->GetArray())
      target.emplace_back(json::text_of(item));
  }

  /// To be called last: complains about a field that nobody read, so that misspelt names are
  /// noticed.
  void expect_no_more() {
    if (!complaint_.empty())
      return;
    const auto& object = document_.root;
    std::for_each(object.MemberBegin(), object.MemberEnd(), [this](const auto& m) {
      if (std::find(read_.begin(), read_.end(), json::text_of(m.name)) == read_.end())
        complain(json::text_of(m.name), "left out: it is unknown");
    });
  }

  /// The fault, for people; empty if there is none.
  const std::string& complaint() const noexcept { return complaint_; }

private:
  const json::value* find(std::string_view name) {
    read_.push_back(name);
    return complaint_.empty() ? json::find(document_.root, name) : nullptr;
  }

  void complain(std::string_view name, std::string_view wanted) {
    if (complaint_.empty())
      complaint_.append("`").append(name).append("` must be ").append(wanted);
  }

  json::document document_;
  std::vector<std::string_view> read_;
  std::string complaint_;
};

} // namespace nekod::sim
