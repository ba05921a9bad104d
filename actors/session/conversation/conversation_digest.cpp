#include "actors/session/conversation/conversation_digest.hpp"

#include "protocol/chat/message.hpp"
#include "protocol/chat/message_layout.hpp"
#include "protocol/text/hex.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace nekod {

namespace {

using chat::without_trailing_space;

/// Bytes of a digest.
constexpr std::size_t digest_size = 16;

constexpr std::size_t key_size = 32;

/// *text* with its ASCII letters in lower case.
std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

bool is_output(const chat::message& m) noexcept {
  return m.speaker == chat::role::tool || m.speaker == chat::role::function;
}

bool names_tools(const std::vector<std::string>& fields) {
  return std::ranges::any_of(fields, [](const auto& name) { return name.starts_with("tools"); });
}

struct context_deleter {
  void operator()(EVP_MAC_CTX* c) const noexcept { EVP_MAC_CTX_free(c); }
};

using context = std::unique_ptr<EVP_MAC_CTX, context_deleter>;

context begin_with(const std::string& key) {
  std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> hmac{EVP_MAC_fetch(nullptr, "HMAC", nullptr),
                                                         &EVP_MAC_free};
  context result{hmac ? EVP_MAC_CTX_new(hmac.get()) : nullptr};
  std::string algorithm = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, algorithm.data(), 0),
      OSSL_PARAM_construct_end()};
  if (!result || EVP_MAC_init(result.get(), reinterpret_cast<const unsigned char*>(key.data()),
                              key.size(), parameters) != 1)
    throw std::runtime_error{"no digests of conversations"};
  return result;
}

} // namespace

conversation_digest::conversation_digest(const std::string& key) : begun_(begin_with(key)) {}

std::string conversation_digest::extend(const std::string& digest, chat::role speaker,
                                        std::string_view text) const {
  text = without_trailing_space(text);
  if (text.empty())
    return digest;
  // The digest before is empty or of a fixed length, and the speaker is one byte, so no text can
  // imitate them.
  const auto speaks = static_cast<char>('0' + static_cast<int>(speaker));
  return digest_of({digest, {&speaks, 1}, text});
}

std::string conversation_digest::extend(const std::string& digest, const chat::message& m) const {
  if (m.more.empty())
    return extend(digest, m.speaker, m.text);
  // Another byte for the speaker, and the length before the text, so that no text can imitate a
  // message with more than text.
  const auto text = without_trailing_space(m.text);
  const auto speaks = static_cast<char>('a' + static_cast<int>(m.speaker));
  const auto size = std::to_string(text.size());
  return digest_of({digest, {&speaks, 1}, size, ":", text, m.more});
}

/// The digest of these texts, one after the other.
std::string conversation_digest::digest_of(const std::vector<std::string_view>& said) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  std::size_t size = 0;
  context going_on{EVP_MAC_CTX_dup(begun_.get())};
  const auto add = [&](std::string_view text) {
    return EVP_MAC_update(going_on.get(), reinterpret_cast<const unsigned char*>(text.data()),
                          text.size()) == 1;
  };
  if (!going_on || !std::all_of(said.begin(), said.end(), add) ||
      EVP_MAC_final(going_on.get(), out.data(), &size, out.size()) != 1)
    throw std::runtime_error{"no digest of a conversation"};
  std::string digits;
  for (std::size_t i = 0; i < digest_size; ++i)
    append_hex(digits, out[i]);
  return digits;
}

std::string conversation_digest::of(const std::vector<chat::message>& conversation) const {
  std::string digest;
  for (const auto& m : conversation)
    digest = extend(digest, m);
  return digest;
}

std::string conversation_digest::of_name(std::string_view name) const {
  // No speaker has this byte.
  return digest_of({"n", name});
}

std::string conversation_digest::of_parts(const std::vector<std::string_view>& parts) const {
  // No speaker has this byte. The lengths say where each part ends.
  std::string lengths = "r";
  for (auto part : parts)
    lengths += std::to_string(part.size()) + ',';
  lengths += ':';
  std::vector<std::string_view> said{lengths};
  said.insert(said.end(), parts.begin(), parts.end());
  return digest_of(said);
}

request_digests conversation_digest::of(const chat::request& r) const {
  const auto layout = chat::layout_of(r.messages);
  request_digests result;
  for (std::size_t i = 0; i < layout.prefill; ++i) {
    result.asked = extend(result.asked, r.messages[i]);
    if (i + 1 == layout.instructions)
      result.prompt = result.asked;
    if (i + 1 == layout.fresh && layout.has_answer)
      result.before = result.asked;
  }
  return result;
}

std::string make_digest_key() {
  std::string key(key_size, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(key.data()), static_cast<int>(key.size())) != 1)
    throw std::runtime_error{"no random bits for a key"};
  return key;
}

bool is_aside(const chat::request& r) {
  if (!chat::layout_of(r.messages).asks)
    return true;
  // Agents send tools with each step of their work, whatever its words are.
  if (r.stream || names_tools(r.demands) || names_tools(r.tuning) || names_tools(r.ignored))
    return false;
  static constexpr std::string_view words[] = {"title", "summar", "标题", "主题", "总结", "概括"};
  const auto newest = chat::newest_user_message(r);
  const auto behind = r.messages.begin() + static_cast<std::ptrdiff_t>(newest);
  if (std::any_of(behind, r.messages.end(), is_output) || behind == r.messages.end())
    return false;
  auto text = lower(r.messages[newest].text);
  return std::any_of(std::begin(words), std::end(words),
                     [&](auto word) { return text.find(word) != std::string::npos; });
}

} // namespace nekod
