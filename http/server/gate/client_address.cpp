#include "http/server/gate/client_address.hpp"

#include "http/server/message/exchange.hpp"
#include "protocol/text/words.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace nekod::http {

namespace {

constexpr std::size_t ipv4_offset = 12;
constexpr unsigned ipv4_prefix = 96;
constexpr ip_address first_ipv4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};

bool is_ipv4(const ip_address& address) {
  return std::equal(address.begin(), address.begin() + ipv4_offset, first_ipv4.begin());
}

/// *address* with zeros after the first *prefix* bits.
ip_address mask(ip_address address, unsigned prefix) noexcept {
  for (unsigned i = 0; i < address.size(); ++i) {
    auto kept = std::clamp(static_cast<int>(prefix) - static_cast<int>(8 * i), 0, 8);
    address[i] = static_cast<std::uint8_t>(address[i] & (0xff00 >> kept));
  }
  return address;
}

/// A number in digits only, at most *largest*.
std::optional<unsigned> parse_number(std::string_view text, unsigned largest) {
  unsigned value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > largest)
    return std::nullopt;
  return value;
}

std::optional<network> parse_network(std::string_view text) {
  auto slash = text.find('/');
  auto address = parse_ip_address(text.substr(0, slash));
  if (!address)
    return std::nullopt;
  if (slash == std::string_view::npos)
    return network{*address, 128};
  // An IPv4 address may be spelled as IPv6, and then its prefix is too.
  auto before = text.find(':') == std::string_view::npos ? ipv4_prefix : 0;
  auto prefix = parse_number(text.substr(slash + 1), 128 - before);
  if (!prefix)
    return std::nullopt;
  return network{mask(*address, before + *prefix), before + *prefix};
}

/// An address that may have a zone, such as `fe80::1%eth0`: which link it was seen on is left out.
std::optional<ip_address> parse_zoned(std::string_view text) {
  return parse_ip_address(text.substr(0, text.find('%')));
}

bool valid_port(std::string_view text) { return parse_number(text, 65535).has_value(); }

/// The parts of *text* before and after position *at*.
std::pair<std::string_view, std::string_view> cut(std::string_view text, std::size_t at) {
  return {text.substr(0, at), text.substr(at + 1)};
}

std::optional<ip_address> parse_bracketed(std::string_view text) {
  auto end = text.find(']');
  if (end == std::string_view::npos)
    return std::nullopt;
  auto [address, behind] = cut(text.substr(1), end - 1);
  if (!behind.empty() && (behind.front() != ':' || !valid_port(behind.substr(1))))
    return std::nullopt;
  return parse_zoned(address);
}

/// One entry of X-Forwarded-For.
std::optional<ip_address> parse_hop(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  if (!text.empty() && text.front() == '[')
    return parse_bracketed(text);
  auto colon = text.find(':');
  if (colon == std::string_view::npos || text.rfind(':') != colon)
    return parse_zoned(text);
  auto [address, port] = cut(text, colon);
  return valid_port(port) ? parse_zoned(address) : std::nullopt;
}

/// Removes and returns the last non-empty entry of a list separated by commas; empty if there is
/// none left.
std::string_view pop_entry(std::string_view& list) {
  std::string_view entry;
  while (entry.empty() && !list.empty()) {
    auto comma = list.rfind(',');
    auto begin = comma == std::string_view::npos ? 0 : comma + 1;
    entry = trim(list.substr(begin));
    list = list.substr(0, begin == 0 ? 0 : comma);
  }
  return entry;
}

bool is_trusted(const ip_address& address, std::span<const network> trusted) {
  return std::any_of(trusted.begin(), trusted.end(),
                     [&](const network& n) { return n.contains(address); });
}

} // namespace

std::optional<ip_address> parse_ip_address(std::string_view text) {
  // inet_pton reads to a zero byte; a text with one inside is not an address.
  if (text.find('\0') != std::string_view::npos)
    return std::nullopt;
  std::string terminated{text};
  ip_address result = first_ipv4;
  if (inet_pton(AF_INET, terminated.c_str(), result.data() + ipv4_offset) == 1 ||
      inet_pton(AF_INET6, terminated.c_str(), result.data()) == 1)
    return result;
  return std::nullopt;
}

std::string to_text(const ip_address& address) {
  char buffer[INET6_ADDRSTRLEN] = {};
  if (is_ipv4(address))
    inet_ntop(AF_INET, address.data() + ipv4_offset, buffer, sizeof buffer);
  else
    inet_ntop(AF_INET6, address.data(), buffer, sizeof buffer);
  return buffer;
}

bool network::contains(const ip_address& x) const noexcept {
  return (prefix >= ipv4_prefix || !is_ipv4(x)) && mask(x, prefix) == address;
}

result<std::vector<network>, std::string> parse_networks(std::string_view text) {
  std::vector<network> networks;
  while (!text.empty()) {
    auto end = std::min(text.find(','), text.size());
    auto part = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (part.empty())
      continue;
    auto parsed = parse_network(part);
    if (!parsed)
      return in_backquotes(part) +
             " is not an address or a network such as `127.0.0.1`, `10.0.0.0/8` or `fd00::/8`";
    networks.push_back(*parsed);
  }
  return networks;
}

std::string client_address(std::string_view peer, std::string_view forwarded_for,
                           std::span<const network> trusted) {
  auto client = parse_zoned(peer);
  if (!client)
    return std::string{peer};
  while (is_trusted(*client, trusted)) {
    auto next = parse_hop(pop_entry(forwarded_for));
    if (!next)
      break;
    client = next;
  }
  return to_text(*client);
}

std::string client_address(const request& r, std::span<const network> trusted) {
  std::string forwarded_for;
  for (const auto& [name, value] : r.headers)
    if (same_word(name, "X-Forwarded-For"))
      forwarded_for += (forwarded_for.empty() ? "" : ",") + value;
  return client_address(r.peer, forwarded_for, trusted);
}

std::string rate_key(std::string_view address) {
  auto parsed = parse_zoned(address);
  if (!parsed)
    return std::string{address};
  return is_ipv4(*parsed) ? to_text(*parsed) : to_text(mask(*parsed, 64)) + "/64";
}

} // namespace nekod::http
