#include "actors/conversation_digest.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace nekod {

namespace {

/// Bytes of a digest.
constexpr std::size_t digest_size = 16;

constexpr std::size_t key_size = 32;

std::string_view without_trailing_space(std::string_view text) {
  auto end = text.find_last_not_of(" \t\r\n\f\v");
  return end == std::string_view::npos ? std::string_view{} : text.substr(0, end + 1);
}

std::string hex(const unsigned char* bytes, std::size_t size) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result;
  for (std::size_t i = 0; i < size; ++i) {
    result += digits[bytes[i] >> 4];
    result += digits[bytes[i] & 0x0f];
  }
  return result;
}

/// *text* with its ASCII letters small.
std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

} // namespace

std::string conversation_digest::extend(const std::string& digest, openai::role speaker,
                                        std::string_view text) const {
  text = without_trailing_space(text);
  if (text.empty())
    return digest;
  // The digest before has one of two lengths and the speaker one byte, so that no text can take
  // their place.
  std::string said = digest;
  said += static_cast<char>('0' + static_cast<int>(speaker));
  said += text;
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
           reinterpret_cast<const unsigned char*>(said.data()), said.size(), out.data(),
           &size) == nullptr)
    throw std::runtime_error{"no digest of a conversation"};
  return hex(out.data(), digest_size);
}

request_digests conversation_digest::of(const openai::chat_request& r) const {
  request_digests result;
  auto newest = openai::newest_user_message(r);
  std::string asked;
  for (std::size_t i = 0; i < r.messages.size(); ++i) {
    if (i == newest)
      result.before = result.all;
    result.all = extend(result.all, r.messages[i].speaker, r.messages[i].text);
    if (i == newest)
      asked = result.all;
  }
  if (result.all != asked)
    result.before.reset();
  return result;
}

std::string make_digest_key() {
  std::string key(key_size, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(key.data()), static_cast<int>(key.size())) != 1)
    throw std::runtime_error{"no random bits for a key"};
  return key;
}

bool has_answers(const openai::chat_request& r) {
  auto newest = openai::newest_user_message(r);
  return std::any_of(
      r.messages.begin(), r.messages.begin() + static_cast<std::ptrdiff_t>(newest),
      [](const auto& m) { return m.speaker == openai::role::assistant && !m.text.empty(); });
}

bool is_aside(const openai::chat_request& r) {
  if (r.stream)
    return false;
  static constexpr std::string_view words[] = {"title", "summar", "标题", "主题", "总结", "概括"};
  auto text = lower(r.messages[openai::newest_user_message(r)].text);
  return std::any_of(std::begin(words), std::end(words),
                     [&](auto word) { return text.find(word) != std::string::npos; });
}

} // namespace nekod
