#pragma once

#include "protocol/result.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The address of a client, also behind proxies. Pure.
namespace nekod::http {

struct request;

/// 16 bytes of IPv6. An IPv4 address is represented by `::ffff:a.b.c.d`: both spellings are the
/// same address.
using ip_address = std::array<std::uint8_t, 16>;

/// Parses an address without brackets, port or zone.
std::optional<ip_address> parse_ip_address(std::string_view text);

/// The usual spelling; IPv4 as IPv4.
std::string to_text(const ip_address& address);

/// The addresses with a common prefix. An IPv6 network contains IPv4 addresses only if it lies
/// inside `::ffff:0:0/96`: trust in `::/0` does not include IPv4.
struct network {
  /// Zero after the prefix.
  ip_address address{};
  /// Number of bits, of the 128 of IPv6.
  unsigned prefix = 128;

  bool contains(const ip_address& x) const noexcept;
  bool operator==(const network&) const = default;
};

/// Parses addresses and networks such as `127.0.0.1, 10.0.0.0/8, ::1, fd00::/8`; empty text is
/// none. The error is a sentence that quotes the invalid part.
result<std::vector<network>, std::string> parse_networks(std::string_view text);

/// The client's address. That is *peer*, unless *peer* is *trusted*: then it is the last address in
/// *forwarded_for* (the value of `X-Forwarded-For`) that is not trusted itself, since each trusted
/// proxy has appended the address of its own peer, and earlier entries may be forged. If an entry
/// is not an address, or all are trusted, it is the farthest trusted one.
///
/// Entries may have ports, brackets and quotes: `1.2.3.4:5678`, `"[2001:db8::1]:4711"`. A *peer*
/// that is not an address is returned unchanged.
std::string client_address(std::string_view peer, std::string_view forwarded_for,
                           std::span<const network> trusted);

/// The same for *r*, with all of its `X-Forwarded-For` fields in order: some proxies append a field
/// of their own and leave the client's unchanged.
std::string client_address(const request& r, std::span<const network> trusted);

/// The name under which *address* is counted: an IPv4 address itself; for IPv6 its /64 network,
/// which one household may use as a whole.
std::string rate_key(std::string_view address);

} // namespace nekod::http
