#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace nekod::http {

/// Reads the framing of a chunked body (RFC 9112, section 7.1) piece by piece, without I/O. Strict:
/// lines end in CR LF, and anything ambiguous is malformed. Chunk extensions and trailer fields
/// have limited sizes, and are dropped.
class chunk_framing {
public:
  chunk_framing() = default;

  /// @param padded Whether white space may follow the size of a chunk: some servers write sizes of
  /// a fixed width, and the RFC allows it before an extension.
  explicit chunk_framing(bool padded) : padded_(padded) {}

  enum class part : std::uint8_t {
    /// A part of the framing, without any meaning for the body.
    none,
    /// The line before a chunk of `size` bytes; not for the last chunk, which is empty.
    chunk,
    /// Bytes of the body.
    data,
    /// The body is complete.
    end,
    /// The framing is invalid.
    malformed,
  };

  struct piece {
    part what = part::none;
    /// The number of bytes that were read.
    std::size_t taken = 0;
    /// The size of a chunk that begins.
    std::uint64_t size = 0;
  };

  /// Reads the next piece of *bytes*. Must not be called after `end` or `malformed`.
  /// @pre *bytes* is not empty.
  piece take(std::string_view bytes);

private:
  enum class step : std::uint8_t { size, data, data_end, trailer };

  piece take_size(std::string_view bytes);
  piece take_data(std::string_view bytes);
  piece take_data_end(std::string_view bytes);
  piece take_trailer(std::string_view bytes);

  /// Appends bytes to *line_*, up to the end of the line.
  /// @returns the number of bytes taken; more than there are if the line is too long.
  std::size_t take_line(std::string_view bytes, std::size_t limit);
  bool line_ended() const noexcept { return !line_.empty() && line_.back() == '\n'; }

  bool padded_ = false;
  step step_ = step::size;
  std::string line_;
  /// The number of missing bytes of the chunk.
  std::uint64_t lacking_ = 0;
  std::size_t trailer_size_ = 0;
};

} // namespace nekod::http
