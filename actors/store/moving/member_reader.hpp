#pragma once

#include "protocol/text/json.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nekod::moving {

/// Reads the members of a JSON object. The first one that is missing or wrong is remembered, and
/// named; from then on all values are empty.
class member_reader {
public:
  /// @param path The object's own name, for errors.
  /// @param problem Where the first error goes; empty for none yet. Outlives this.
  member_reader(const json::value& object, std::string path, std::string& problem);

  /// A string of at most *longest* bytes, without NUL.
  std::string text(std::string_view name, std::size_t longest = std::string_view::npos);
  /// The same, or null.
  std::optional<std::string> text_or_null(std::string_view name, std::size_t longest);
  /// Bytes as hexadecimal digits, at most *longest*.
  std::string bytes(std::string_view name, std::size_t longest);
  std::int64_t number(std::string_view name);
  std::optional<std::int64_t> number_or_null(std::string_view name);
  /// A number that counts.
  std::uint64_t count(std::string_view name);
  bool flag(std::string_view name);
  /// A string that is a JSON object.
  std::string object_text(std::string_view name);

  /// Calls *f* with a reader of the object in member *name*.
  template <class F>
  void inside(std::string_view name, F f) {
    if (const auto* v = find(name, rapidjson::kObjectType, "an object")) {
      member_reader reader{*v, path_ + std::string{name}, problem_};
      f(reader);
    }
  }

  /// Does so if the member is not null.
  template <class F>
  void inside_unless_null(std::string_view name, F f) {
    if (!is_null(name))
      inside(name, f);
  }

  /// Calls *f* with a reader of each object in the array *name*, until one is wrong.
  template <class F>
  void each(std::string_view name, F f) {
    const auto* v = find(name, rapidjson::kArrayType, "an array");
    for (rapidjson::SizeType i = 0; v && problem_.empty() && i < v->Size(); ++i) {
      member_reader reader{(*v)[i], path_ + std::string{name} + '[' + std::to_string(i) + ']',
                           problem_};
      f(reader);
    }
  }

  bool has(std::string_view name) const { return json::find(object_, name) != nullptr; }

  /// Says that the member is wrong.
  void refuse(std::string_view name, std::string_view reason);

private:
  const json::value* find(std::string_view name, rapidjson::Type type, std::string_view what);
  bool is_null(std::string_view name) const;

  const json::value& object_;
  /// With the dot behind it.
  std::string path_;
  std::string& problem_;
};

} // namespace nekod::moving
