#include "http/server/gate/api_keys.hpp"

#include "http/server/message/exchange.hpp"
#include "protocol/text/hex.hpp"
#include "protocol/text/words.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <stdexcept>

namespace nekod::http {

namespace {

constexpr std::string_view hash_prefix = "sha256:";

/// Takes the next word from the front of a line: up to a blank outside of double quotes, which are
/// left out. Empty at the line's end and where a comment begins, nothing for an open quote.
std::optional<std::string> next_word(std::string_view& line) {
  line = trim(line);
  if (!line.empty() && line.front() == '#')
    line = {};
  std::string word;
  auto inside = false;
  std::size_t i = 0;
  for (; i < line.size() && (inside || blanks.find(line[i]) == std::string_view::npos); ++i) {
    if (line[i] == '"')
      inside = !inside;
    else
      word += line[i];
  }
  line.remove_prefix(i);
  return inside ? std::nullopt : std::optional{word};
}

std::optional<key_hash> parse_hash(std::string_view text) {
  key_hash hash{};
  if (text.size() != hash_prefix.size() + 2 * hash.size() || !text.starts_with(hash_prefix))
    return std::nullopt;
  const char* digits = text.data() + hash_prefix.size();
  for (auto& byte : hash) {
    if (std::from_chars(digits, digits + 2, byte, 16).ptr != digits + 2)
      return std::nullopt;
    digits += 2;
  }
  return hash;
}

/// The limit of *key* that *name* sets; null for any other name.
std::optional<rate_limit>* limit_named(std::string_view name, api_key& key) {
  if (name == "rate-limit")
    return &key.requests;
  return name == "chat-rate-limit" ? &key.chats : nullptr;
}

constexpr std::string_view created_prefix = "created=";
constexpr const char* time_form = "%Y-%m-%dT%H:%M:%SZ";

/// Reads a time such as `2026-11-30T18:00:00Z`.
std::optional<std::int64_t> parse_time(const std::string& text) {
  std::tm parts{};
  const char* end = strptime(text.c_str(), time_form, &parts);
  if (end == nullptr || *end != '\0')
    return std::nullopt;
  return timegm(&parts);
}

std::string time_text(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), time_form, &parts)};
}

/// Reads a word after the hash into *key*. @returns its fault; empty for none.
std::string add_property(const std::string& word, api_key& key) {
  if (word == "admin") {
    key.admin = true;
    return {};
  }
  if (word.starts_with(created_prefix)) {
    key.created = parse_time(word.substr(created_prefix.size()));
    return key.created ? "" : "created is not a time such as 2026-11-30T18:00:00Z";
  }
  auto equals = word.find('=');
  auto name = word.substr(0, equals);
  auto* limit = equals == std::string::npos ? nullptr : limit_named(name, key);
  if (!limit)
    return R"(the hash may be followed only by admin, rate-limit="...", chat-rate-limit="..." and )"
           "created=...";
  if (*limit)
    return name + " is given twice";
  auto parsed = parse_rate_limit(std::string_view{word}.substr(equals + 1));
  if (!parsed)
    return name + " is not a rate limit such as \"10 per minute; 200 per day\"";
  *limit = std::move(*parsed);
  return {};
}

/// A line that is neither empty nor a comment.
result<api_keys::entry, std::string> parse_line(std::string_view line) {
  const std::string open_quote = "a quote is not closed";
  api_keys::entry result;
  auto word = next_word(line);
  if (!word || !valid_tenant(*word))
    return std::string{"the name must be 1 to 64 characters of A-Z a-z 0-9 _ . -"};
  result.key.tenant = std::move(*word);
  if (word = next_word(line); !word)
    return open_quote;
  auto hash = parse_hash(*word);
  if (!hash)
    return std::string{"the name must be followed by sha256: and 64 hex digits"};
  result.hash = *hash;
  for (word = next_word(line); word && !word->empty(); word = next_word(line))
    if (auto complaint = add_property(*word, result.key); !complaint.empty())
      return complaint;
  if (!word)
    return open_quote;
  return result;
}

/// Nothing if the library fails.
std::optional<key_hash> hash_of(std::string_view key) {
  key_hash hash{};
  if (EVP_Digest(key.data(), key.size(), hash.data(), nullptr, EVP_sha256(), nullptr) != 1)
    return std::nullopt;
  return hash;
}

} // namespace

const api_keys::entry* api_keys::find(std::string_view presented) const {
  auto hash = hash_of(presented);
  if (!hash || presented.empty())
    return nullptr;
  const entry* found = nullptr;
  // Always to the end, and in constant time for each entry.
  for (const auto& e : entries_)
    if (CRYPTO_memcmp(e.hash.data(), hash->data(), hash->size()) == 0)
      found = &e;
  return found;
}

result<api_keys, std::string> parse_api_keys(std::string_view text) {
  std::vector<api_keys::entry> entries;
  for (std::size_t number = 1; !text.empty(); ++number) {
    auto complain = [number](const std::string& what) {
      return "line " + std::to_string(number) + ": " + what;
    };
    auto end = std::min(text.find('\n'), text.size());
    auto line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#')
      continue;
    auto parsed = parse_line(line);
    if (!parsed)
      return complain(parsed.error());
    if (std::any_of(entries.begin(), entries.end(),
                    [&](const auto& e) { return e.hash == parsed->hash; }))
      return complain("an earlier line has the same hash");
    entries.push_back(std::move(*parsed));
  }
  return api_keys{std::move(entries)};
}

bool valid_tenant(std::string_view name) noexcept {
  constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                       "0123456789_.-";
  return !name.empty() && name.size() <= 64 &&
         name.find_first_not_of(allowed) == std::string_view::npos;
}

std::string_view presented_key(const request& r) noexcept {
  constexpr std::string_view scheme = "bearer";
  auto authorization = trim(r.header("Authorization"));
  if (auto end = std::min(authorization.find_first_of(blanks), authorization.size());
      same_word(authorization.substr(0, end), scheme) && end < authorization.size())
    return trim(authorization.substr(end));
  if (auto key = trim(r.header("x-api-key")); !key.empty())
    return key;
  return trim(r.header("api-key"));
}

std::string make_api_key() {
  key_hash bits{};
  if (RAND_bytes(bits.data(), static_cast<int>(bits.size())) != 1)
    throw std::runtime_error("the system provides no random bits for a key");
  // 44 characters, of which the last only fills up, and a zero.
  std::array<unsigned char, 45> text{};
  EVP_EncodeBlock(text.data(), bits.data(), static_cast<int>(bits.size()));
  std::string key = "sk-nekod-";
  for (std::size_t i = 0; i < 43; ++i)
    key += text[i] == '+' ? '-' : text[i] == '/' ? '_' : static_cast<char>(text[i]);
  OPENSSL_cleanse(bits.data(), bits.size());
  OPENSSL_cleanse(text.data(), text.size());
  return key;
}

key_hash hash_of_key(std::string_view key) {
  auto hash = hash_of(key);
  if (!hash)
    throw std::runtime_error("the key cannot be hashed");
  return *hash;
}

std::string key_id(const key_hash& hash) {
  auto again = hash_of_key({reinterpret_cast<const char*>(hash.data()), hash.size()});
  std::string id = "key_";
  for (std::size_t i = 0; i < 6; ++i)
    append_hex(id, again[i]);
  return id;
}

std::string key_line(std::string_view key, const api_key& holder) {
  return key_line(hash_of_key(key), holder);
}

std::string key_line(const key_hash& hash, const api_key& holder) {
  auto line = holder.tenant + ' ' + std::string{hash_prefix};
  for (auto byte : hash)
    append_hex(line, byte);
  if (holder.admin)
    line += " admin";
  if (holder.requests)
    line += " rate-limit=\"" + to_text(*holder.requests) + '"';
  if (holder.chats)
    line += " chat-rate-limit=\"" + to_text(*holder.chats) + '"';
  if (holder.created)
    line += ' ' + std::string{created_prefix} + time_text(*holder.created);
  return line;
}

} // namespace nekod::http
