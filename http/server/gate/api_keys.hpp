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

/// Who may use the server: the key file, and keys as clients send them. Pure: reads and writes no
/// file.
///
/// A key file has a line for each key:
///
///     # NAME HASH [admin] [rate-limit="..."] [chat-rate-limit="..."]
///     alice sha256:9f86d081...0f00a08 admin
///     bob   sha256:60303ae2...9d7da7 rate-limit="200 per day; 50 per hour"  # on his laptop
///
/// NAME is the tenant, 1 to 64 of `A-Z a-z 0-9 _ . -`. Several lines may have the same one: they
/// are keys of the same tenant, as while one key replaces another. HASH is SHA-256 of the key in
/// hex digits. A slow hash for passwords would protect nothing here: keys are 256 random bits,
/// which nobody finds by trying, and it would cost each request its time.
namespace nekod::http {

struct request;

/// What the holder of a key may do.
struct api_key {
  std::string tenant;
  bool admin = false;
  /// In place of the limit for all; an empty one is none at all.
  std::optional<rate_limit> requests;
  /// In place of the limit for chats; an empty one is none at all.
  std::optional<rate_limit> chats;

  bool operator==(const api_key&) const = default;
};

using key_hash = std::array<std::uint8_t, 32>;

/// The keys of one file. Does not change, so that many threads may ask it.
class api_keys {
public:
  struct entry {
    key_hash hash;
    api_key key;
  };

  /// No key: nobody may do anything.
  api_keys() = default;
  explicit api_keys(std::vector<entry> entries) : entries_(std::move(entries)) {}

  /// What stands in the file for the key that a client presented; null for a wrong one and for an
  /// empty one. The time it takes tells nothing of how near a wrong one came. The result lives as
  /// long as this object.
  const api_key* find(std::string_view presented) const;

  std::size_t size() const noexcept { return entries_.size(); }

  const std::vector<entry>& entries() const noexcept { return entries_; }

private:
  std::vector<entry> entries_;
};

/// Reads a key file. The error is a sentence that names the line but quotes nothing of it, since
/// a key or hash may stand anywhere in it by mistake.
result<api_keys, std::string> parse_api_keys(std::string_view text);

/// Whether *name* may be a tenant's.
bool valid_tenant(std::string_view name) noexcept;

/// The key in *r*: from `Authorization: Bearer KEY`, else from `x-api-key`, else from `api-key`;
/// empty for none. It lives as long as *r* and its fields.
std::string_view presented_key(const request& r) noexcept;

/// A new key: `sk-nekod-` and 43 characters of base64url for 256 random bits.
/// @throws std::runtime_error where the system gives no random bits.
std::string make_api_key();

/// The line for *key* in a key file, without a new line at its end.
/// @pre `valid_tenant(holder.tenant)`
/// @throws std::runtime_error where the key cannot be hashed.
std::string key_line(std::string_view key, const api_key& holder);

} // namespace nekod::http
