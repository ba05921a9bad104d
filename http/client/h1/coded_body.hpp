#pragma once

#include "http/client/h1/decoders.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nekod::http {

/// Decodes a body in the content codings gzip, deflate, br and zstd (RFC 9110, section 8.4.1), as
/// it arrives. `deflate` is accepted with and without the zlib header, since servers differ.
///
/// As with libcurl, a body whose coding has no proper end is taken as far as it came: whether it is
/// complete is a matter of its framing.
class coded_body {
public:
  enum class result : std::uint8_t { fine, undecodable, too_long };

  /// @param codings In lower case, separated by commas, in the order in which they were applied.
  /// @returns nothing if one is unknown, or there are more than five.
  static std::optional<coded_body> of(std::string_view codings);

  /// Appends what *bytes* decode to.
  /// @param most The most bytes that *to* may then have.
  result decode(std::string_view bytes, std::string& to, std::size_t most);

private:
  bool decode(std::size_t layer, std::string_view bytes, const content_decoder::out& f);

  /// In the order in which they decode.
  std::vector<std::unique_ptr<content_decoder>> layers_;
};

} // namespace nekod::http
