#pragma once

#include "http/server/gate/rate_limit.hpp"
#include "protocol/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// API keys: the key file, and keys in requests. Pure: reads and writes no file.
///
/// A key file has a line for each key:
///
///     # NAME HASH [admin] [rate-limit="..."] [chat-rate-limit="..."] [created=TIME]
///     alice sha256:9f86d081...0f00a08 admin created=2026-11-30T18:00:00Z
///     bob   sha256:60303ae2...9d7da7 rate-limit="200 per day; 50 per hour"  # on his laptop
///
/// NAME is the tenant, 1 to 64 of `A-Z a-z 0-9 _ . -`. Several lines may have the same name: their
/// keys belong to the same tenant, for example while one key replaces another. HASH is SHA-256 of
/// the key in hex digits. A slow password hash would not help: keys are 256 random bits, which
/// nobody can guess, and it would slow down each request.
namespace nekod::http {

struct request;

/// The rights of a key's holder.
struct api_key {
  std::string tenant;
  bool admin = false;
  /// Replaces the general limit; an empty one is no limit.
  std::optional<rate_limit> requests = std::nullopt;
  /// Replaces the limit on chats; an empty one is no limit.
  std::optional<rate_limit> chats = std::nullopt;
  /// When the key was created, in seconds since the epoch.
  std::optional<std::int64_t> created = std::nullopt;

  bool operator==(const api_key&) const = default;
};

using key_hash = std::array<std::uint8_t, 32>;

/// The keys of one file. Immutable, so that many threads may use it.
class api_keys {
public:
  struct entry {
    key_hash hash;
    api_key key;
  };

  /// Without any key, nobody may do anything.
  api_keys() = default;
  explicit api_keys(std::vector<entry> entries) : entries_(std::move(entries)) {}

  /// The entry for a key in a request; null for a wrong or empty key. The time it takes does not
  /// reveal how similar a wrong key is. The result lives as long as this object.
  const entry* find(std::string_view presented) const;

  std::size_t size() const noexcept { return entries_.size(); }

  const std::vector<entry>& entries() const noexcept { return entries_; }

private:
  std::vector<entry> entries_;
};

/// Parses a key file. The error is a sentence with the number of the line, without any of its text:
/// a key or hash may be anywhere in it by mistake.
result<api_keys, std::string> parse_api_keys(std::string_view text);

/// A name for the key with *hash* that does not reveal the hash: `key_` and 12 hex digits.
/// @throws std::runtime_error if the library fails.
std::string key_id(const key_hash& hash);

/// Whether *name* is valid for a tenant.
bool valid_tenant(std::string_view name) noexcept;

/// The key in *r*: from `Authorization: Bearer KEY`, else from `x-api-key`, else from `api-key`;
/// empty for none. It lives as long as *r* and its fields.
std::string_view presented_key(const request& r) noexcept;

/// A new key: `sk-nekod-` and 43 characters of base64url for 256 random bits.
/// @throws std::runtime_error if the system provides no random bits.
std::string make_api_key();

/// The line for *key* in a key file, without a line end.
/// @pre `valid_tenant(holder.tenant)`
/// @throws std::runtime_error if the key cannot be hashed.
std::string key_line(std::string_view key, const api_key& holder);

/// The same for the key with *hash*.
std::string key_line(const key_hash& hash, const api_key& holder);

/// SHA-256 of *key*.
/// @throws std::runtime_error if the library fails.
key_hash hash_of_key(std::string_view key);

} // namespace nekod::http
