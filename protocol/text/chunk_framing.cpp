#include "protocol/text/chunk_framing.hpp"

#include "protocol/text/hex.hpp"

#include <algorithm>
#include <optional>

namespace nekod::http {

namespace {

/// The most bytes of a chunk's line, with its extensions.
constexpr std::size_t max_chunk_line = 1024;

/// The most bytes of all trailer fields.
constexpr std::size_t max_trailer = 8u << 10;

/// The size in a chunk's line; nothing if the line, or its line end, is invalid.
/// @param padded Whether white space may follow the size.
std::optional<std::uint64_t> chunk_size(std::string_view line, bool padded) {
  constexpr std::size_t max_digits = 15;
  if (line.size() < 3 || line.substr(line.size() - 2) != "\r\n")
    return std::nullopt;
  line.remove_suffix(2);
  std::uint64_t result = 0;
  std::size_t digits = 0;
  for (; digits < line.size(); ++digits) {
    const auto value = hex_value(line[digits]);
    if (value < 0)
      break;
    result = result * 16 + static_cast<std::uint64_t>(value);
  }
  if (digits == 0 || digits > max_digits)
    return std::nullopt;
  auto extension = line.substr(digits);
  if (padded)
    extension.remove_prefix(std::min(extension.find_first_not_of(" \t"), extension.size()));
  auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; };
  if (!extension.empty() &&
      (extension.front() != ';' || std::any_of(extension.begin(), extension.end(), is_control)))
    return std::nullopt;
  return result;
}

} // namespace

chunk_framing::piece chunk_framing::take(std::string_view bytes) {
  switch (step_) {
  case step::size:
    return take_size(bytes);
  case step::data:
    return take_data(bytes);
  case step::data_end:
    return take_data_end(bytes);
  default:
    return take_trailer(bytes);
  }
}

chunk_framing::piece chunk_framing::take_size(std::string_view bytes) {
  auto taken = bytes.find('\n') + 1;
  std::optional<std::uint64_t> size;
  if (line_.empty() && taken > 0 && taken <= max_chunk_line) {
    size = chunk_size(bytes.substr(0, taken), padded_); // Usually it has come in one piece.
  } else {
    taken = take_line(bytes, max_chunk_line);
    if (taken > bytes.size())
      return {part::malformed, bytes.size()};
    if (!line_ended())
      return {part::none, taken};
    size = chunk_size(line_, padded_);
    line_.clear();
  }
  if (!size)
    return {part::malformed, taken};
  lacking_ = *size;
  step_ = lacking_ == 0 ? step::trailer : step::data;
  return {lacking_ == 0 ? part::none : part::chunk, taken, lacking_};
}

chunk_framing::piece chunk_framing::take_data(std::string_view bytes) {
  const auto size = std::min<std::uint64_t>(lacking_, bytes.size());
  lacking_ -= size;
  if (lacking_ == 0)
    step_ = step::data_end;
  return {part::data, static_cast<std::size_t>(size)};
}

chunk_framing::piece chunk_framing::take_data_end(std::string_view bytes) {
  if (line_.empty() && bytes.starts_with("\r\n")) {
    step_ = step::size;
    return {part::none, 2};
  }
  const auto wanted = line_.empty() ? '\r' : '\n';
  if (bytes.front() != wanted)
    return {part::malformed, bytes.size()};
  if (wanted == '\r') {
    line_ = '\r';
  } else {
    line_.clear();
    step_ = step::size;
  }
  return {part::none, 1};
}

chunk_framing::piece chunk_framing::take_trailer(std::string_view bytes) {
  const auto taken = take_line(bytes, max_trailer);
  if (taken > bytes.size())
    return {part::malformed, bytes.size()};
  if (!line_ended())
    return {part::none, taken};
  const auto size = line_.size();
  const auto has_return = size >= 2 && line_[size - 2] == '\r';
  line_.clear();
  trailer_size_ += size;
  if (!has_return || trailer_size_ > max_trailer)
    return {part::malformed, taken};
  return {size == 2 ? part::end : part::none, taken};
}

std::size_t chunk_framing::take_line(std::string_view bytes, std::size_t limit) {
  const auto end = bytes.find('\n');
  const auto size = end == std::string_view::npos ? bytes.size() : end + 1;
  if (line_.size() + size > limit)
    return bytes.size() + 1;
  line_.append(bytes.substr(0, size));
  return size;
}

} // namespace nekod::http
