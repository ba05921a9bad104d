#pragma once

#include "protocol/openai/model_place.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace nekod::json {

/// Finds a member with a string as value in a JSON object that arrives in pieces, without parsing
/// the rest: nested values are skipped by counting brackets, so depth costs nothing. Of several
/// members of that name the first counts. Text that is no JSON has no such member.
class member_finder {
public:
  /// @param name The member's name, decoded.
  /// @param longest Bytes of its value as it is written; a longer one is not taken.
  member_finder(std::string name, std::size_t longest)
      : name_(std::move(name)), longest_(longest) {}

  /// Looks on.
  /// @param so_far The text from its beginning; it begins with what the last call was given.
  model_search look(std::string_view so_far);

  /// Where the value is. Only after `found`.
  const model_place& place() const noexcept { return place_; }

private:
  enum class step : std::uint8_t {
    start,
    before_name,
    name,
    colon,
    before_value,
    wanted,
    string,
    nested,
    word,
    after_value,
  };

  model_search next(std::string_view text);
  model_search begin_name(char c);
  model_search begin_value(std::string_view text);
  model_search end_name(std::string_view text);
  model_search end_wanted(std::string_view text);
  model_search after_value(char c);
  void nested(char c);
  bool string_ends(std::string_view text);
  model_search go(step s) noexcept;

  std::string name_;
  std::size_t longest_;
  step step_ = step::start;
  std::size_t at_ = 0;
  /// Where the open string's content begins.
  std::size_t begun_ = 0;
  bool escaped_ = false;
  /// Whether the open name, or the value behind it, is the one that is looked for.
  bool matches_ = false;
  /// Of nested values: how deep, and whether a string is open there.
  std::size_t depth_ = 0;
  bool in_string_ = false;
  model_search state_ = model_search::looking;
  model_place place_;
};

} // namespace nekod::json
