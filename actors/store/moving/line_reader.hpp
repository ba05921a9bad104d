#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <string>

namespace nekod::moving {

/// Reads lines of bounded length.
class line_reader {
public:
  /// @param longest The longest line, in bytes.
  line_reader(std::istream& in, std::size_t longest) : in_(in), longest_(longest) {}

  enum class outcome : std::uint8_t {
    line,
    /// There is no further one.
    over,
    too_long,
    /// The input cannot be read.
    failed,
  };

  /// Reads the next line. The last one may lack its line break.
  outcome next();

  /// The line, without its break, and its number, from 1 on.
  const std::string& text() const noexcept { return text_; }
  std::uint64_t number() const noexcept { return number_; }

private:
  std::istream& in_;
  std::size_t longest_;
  std::string text_;
  std::uint64_t number_ = 0;
};

} // namespace nekod::moving
