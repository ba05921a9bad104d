#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace nekod::http {

/// Reads the framing of a chunked body (RFC 9112, section 7.1) piece by piece, without I/O. Strict:
/// lines end in CR LF, and what could be read in two ways is malformed. Chunk extensions and
/// trailer fields are checked for their size and dropped.
class chunk_framing {
public:
  enum class part : std::uint8_t {
    /// Framing that means nothing by itself.
    none,
    /// The line before a chunk of `size` bytes; the last, empty one is not announced.
    chunk,
    /// The bytes taken belong to the body.
    data,
    /// The body is whole.
    end,
    malformed
  };

  struct piece {
    part what = part::none;
    /// Bytes taken of those given.
    std::size_t taken = 0;
    /// Of a chunk.
    std::uint64_t size = 0;
  };

  /// Reads the next piece of *bytes*. After `end` and `malformed` only a new object may be used.
  /// @pre *bytes* is not empty.
  piece take(std::string_view bytes);

private:
  enum class step : std::uint8_t { size, data, data_end, trailer };

  piece take_size(std::string_view bytes);
  piece take_data(std::string_view bytes);
  piece take_data_end(std::string_view bytes);
  piece take_trailer(std::string_view bytes);

  /// Adds to *line_* up to a line's end.
  /// @returns how many bytes were taken; more than there are where the line is too long.
  std::size_t take_line(std::string_view bytes, std::size_t limit);
  bool line_ended() const noexcept { return !line_.empty() && line_.back() == '\n'; }

  step step_ = step::size;
  std::string line_;
  /// Bytes that the chunk still lacks.
  std::uint64_t lacking_ = 0;
  std::size_t trailer_size_ = 0;
};

} // namespace nekod::http
