#include "http/client/h1/coded_body.hpp"

#include <algorithm>
#include <utility>

namespace nekod::http {

namespace {

/// As many as libcurl accepts.
constexpr std::size_t most_codings = 5;

} // namespace

std::optional<coded_body> coded_body::of(std::string_view codings) {
  coded_body result;
  while (!codings.empty()) {
    const auto end = std::min(codings.find(','), codings.size());
    const auto coding = codings.substr(0, end);
    codings.remove_prefix(std::min(end + 1, codings.size()));
    if (coding.empty() || coding == "identity" || coding == "none")
      continue;
    auto decoder = make_decoder(coding);
    if (!decoder || result.layers_.size() == most_codings)
      return std::nullopt;
    result.layers_.push_back(std::move(decoder));
  }
  std::reverse(result.layers_.begin(), result.layers_.end());
  return result;
}

coded_body::result coded_body::decode(std::string_view bytes, std::string& to, std::size_t most) {
  auto is_too_long = false;
  const auto is_fine = decode(0, bytes, [&](std::string_view decoded) {
    is_too_long = to.size() + decoded.size() > most;
    if (!is_too_long)
      to += decoded;
    return !is_too_long;
  });
  if (is_too_long)
    return result::too_long;
  return is_fine ? result::fine : result::undecodable;
}

bool coded_body::decode(std::size_t layer, std::string_view bytes, const content_decoder::out& f) {
  if (layer == layers_.size())
    return f(bytes);
  return layers_[layer]->decode(
      bytes, [&](std::string_view decoded) { return decode(layer + 1, decoded, f); });
}

} // namespace nekod::http
