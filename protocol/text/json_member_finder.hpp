#pragma once

#include "protocol/openai/model_position.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace nekod::json {

/// Finds a member with a string value in a JSON object that arrives in pieces, without parsing the
/// rest: it skips nested values by counting brackets, so depth costs nothing. The first member of
/// that name counts. A text that is not JSON has no such member.
class member_finder {
public:
  /// @param name The member's name, decoded.
  /// @param longest The most bytes of its value as written; a longer one is ignored.
  member_finder(std::string name, std::size_t longest)
      : name_(std::move(name)), longest_(longest) {}

  /// Continues the search.
  /// @param so_far The text from its beginning: that of the last call, and what has arrived since.
  model_search look(std::string_view so_far);

  /// The position of the value. Only after `found`.
  const model_position& position() const noexcept { return position_; }

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
  /// Whether the open name, or the name of the open value, is the wanted one.
  bool matches_ = false;
  /// In nested values: the depth, and whether a string is open.
  std::size_t depth_ = 0;
  bool in_string_ = false;
  model_search state_ = model_search::looking;
  model_position position_;
};

} // namespace nekod::json
