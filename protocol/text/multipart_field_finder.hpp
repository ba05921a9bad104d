#pragma once

#include "protocol/openai/model_position.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// Reads `multipart/form-data` (RFC 7578) as it arrives, far enough to find one field.
namespace nekod::multipart {

/// The boundary in a Content-Type; nothing if that is not `multipart/form-data`.
std::optional<std::string> boundary_of(std::string_view content_type);

/// Finds a text field in a form that arrives in pieces. The first field of that name counts; a file
/// of that name does not. The content of parts is not interpreted, even if it is a form.
class field_finder {
public:
  /// @param boundary As in the Content-Type.
  /// @param name The field's name.
  /// @param longest The most bytes of its value; a longer one is ignored.
  field_finder(std::string_view boundary, std::string name, std::size_t longest)
      : delimiter_("\r\n--"), name_(std::move(name)), longest_(longest) {
    delimiter_ += boundary;
  }

  /// Continues the search.
  /// @param so_far The form from its beginning: that of the last call, and what has arrived since.
  model_search look(std::string_view so_far);

  /// The position of the value. Only after `found`.
  const model_position& position() const noexcept { return position_; }

private:
  enum class step : std::uint8_t { preamble, fields, value, other };

  /// A line between two parts: where the line end before it begins, and where the next part begins.
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
  /// Where the search continues.
  std::size_t at_ = 0;
  /// Where the part's fields, or its value, begin.
  std::size_t begun_ = 0;
  /// Whether the last call needs more text to go on.
  bool exhausted_ = false;
  model_search state_ = model_search::looking;
  model_position position_;
};

} // namespace nekod::multipart
