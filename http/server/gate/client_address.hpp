#pragma once

#include "protocol/result.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Who a request is from, behind proxies too. Pure.
namespace nekod::http {

struct request;

/// 16 bytes of IPv6. An IPv4 address is the one that it maps to, `::ffff:a.b.c.d`: both spellings
/// are the same address.
using ip_address = std::array<std::uint8_t, 16>;

/// An address as it is written, without brackets, port or zone.
std::optional<ip_address> parse_ip_address(std::string_view text);

/// The usual spelling; IPv4 as IPv4.
std::string to_text(const ip_address& address);

/// The addresses that begin with the same bits. A network of IPv6 holds IPv4 addresses only if it
/// lies inside `::ffff:0:0/96`: whoever trusts `::/0` does not speak of IPv4.
struct network {
  /// Zero behind the prefix.
  ip_address address{};
  /// Bits, of the 128 of IPv6.
  unsigned prefix = 128;

  bool contains(const ip_address& x) const noexcept;
  bool operator==(const network&) const = default;
};

/// Reads addresses and networks such as `127.0.0.1, 10.0.0.0/8, ::1, fd00::/8`; empty text is none.
/// The error is a sentence that quotes the part at fault.
result<std::vector<network>, std::string> parse_networks(std::string_view text);

/// The address that a request is from. That is *peer*, unless it is *trusted*: then it is the last
/// address of *forwarded_for* (the value of `X-Forwarded-For`) that is not trusted itself, since
/// each trusted proxy has appended whom it was asked by, and what stands before may be made up. At
/// an entry that is no address, or where all are trusted, it is the farthest trusted one.
///
/// Entries may have ports, brackets and quotes: `1.2.3.4:5678`, `"[2001:db8::1]:4711"`. A *peer*
/// that is no address is returned as it is.
std::string client_address(std::string_view peer, std::string_view forwarded_for,
                           std::span<const network> trusted);

/// The same for *r*, with all of its `X-Forwarded-For` fields in their order: some proxies append a
/// field of their own and leave the client's alone.
std::string client_address(const request& r, std::span<const network> trusted);

/// Under which name *address* is counted: an IPv4 address as it is, for IPv6 its /64 network, all
/// of which one household may use.
std::string rate_key(std::string_view address);

} // namespace nekod::http
