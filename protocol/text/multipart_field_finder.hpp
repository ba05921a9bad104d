#pragma once

#include "protocol/openai/model_place.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// `multipart/form-data` (RFC 7578) as it arrives: enough of it to find one field.
namespace nekod::multipart {

/// The boundary that a Content-Type names; nothing where it is no `multipart/form-data`.
std::optional<std::string> boundary_of(std::string_view content_type);

/// Finds a text field in a form that arrives in pieces. Of several fields of that name the first
/// counts; a file of that name is no such field. What stands inside parts means nothing, other
/// forms included.
class field_finder {
public:
  /// @param boundary As the Content-Type names it.
  /// @param name The field's name.
  /// @param longest Bytes of its value; a longer one is not taken.
  field_finder(std::string_view boundary, std::string name, std::size_t longest)
      : delimiter_("\r\n--"), name_(std::move(name)), longest_(longest) {
    delimiter_ += boundary;
  }

  /// Looks on.
  /// @param so_far The form from its beginning; it begins with what the last call was given.
  model_search look(std::string_view so_far);

  /// Where the value is. Only after `found`.
  const model_place& place() const noexcept { return place_; }

private:
  enum class step : std::uint8_t { preamble, fields, value, other };

  /// A line between two parts: where the line end before it begins, and where the next part does.
  struct line {
    std::size_t begin = 0;
    std::size_t end = 0;
    bool last = false;
  };

  model_search next(std::string_view text);
  model_search take_fields(std::string_view text);
  model_search take_part(std::string_view text);
  std::optional<line> find_line(std::string_view text);
  std::optional<line> line_at(std::string_view text, std::size_t begin, std::size_t size,
                              bool& cut) const;

  std::string delimiter_;
  std::string name_;
  std::size_t longest_;
  step step_ = step::preamble;
  /// From where to look on.
  std::size_t at_ = 0;
  /// Where the part's fields, or its value, begin.
  std::size_t begun_ = 0;
  /// Whether the last look went as far as the text does.
  bool exhausted_ = false;
  model_search state_ = model_search::looking;
  model_place place_;
};

} // namespace nekod::multipart
