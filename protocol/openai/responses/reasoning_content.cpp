#include "protocol/openai/responses/reasoning_content.hpp"

#include "protocol/text/json.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <limits>

namespace nekod::openai::responses {
namespace {

/// The beginning of each content that is made here. No base64 text has it.
constexpr std::string_view mark = "nekod.1.";

constexpr std::size_t longest = std::numeric_limits<int>::max() / 2;

const unsigned char* bytes_of(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string to_base64(std::string_view text) {
  std::string out((text.size() + 2) / 3 * 4 + 1, '\0');
  const auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes_of(text),
                                    static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0 || text.size() > longest)
    return std::nullopt;
  std::string out(text.size() / 4 * 3, '\0');
  if (EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes_of(text),
                      static_cast<int>(text.size())) < 0)
    return std::nullopt;
  const auto padding = std::min(text.size() - (text.find_last_not_of('=') + 1), std::size_t{2});
  out.resize(out.size() - std::min(out.size(), padding));
  return out;
}

} // namespace

std::string sealed_reasoning(std::string_view escaped) {
  return escaped.size() > longest / 2 ? std::string{} : std::string{mark} + to_base64(escaped);
}

std::optional<std::string> opened_reasoning(std::string_view content) {
  if (!content.starts_with(mark))
    return std::nullopt;
  const auto escaped = from_base64(content.substr(mark.size()));
  if (!escaped)
    return std::nullopt;
  const auto doc = json::parse("\"" + *escaped + "\"");
  if (!doc || !doc.root.IsString())
    return std::nullopt;
  return std::string{json::text_of(doc.root)};
}

} // namespace nekod::openai::responses
