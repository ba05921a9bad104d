#include "bench/load/url.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace nekod::load {
namespace {

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, port);
  return read.ec == std::errc{} && read.ptr == end && port > 0;
}

bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

/// Removes the host from the front of *text* and returns it; empty if there is none.
std::string_view take_host(std::string_view& text) {
  const auto bracketed = text.starts_with('[');
  if (bracketed && text.find(']') == text.npos)
    return {};
  const auto end = std::min(text.find(bracketed ? ']' : ':'), text.size());
  const auto host = bracketed ? text.substr(1, end - 1) : text.substr(0, end);
  text.remove_prefix(std::min(end + (bracketed ? 1 : 0), text.size()));
  return host;
}

} // namespace

std::string address::authority() const {
  const auto written = host.find(':') == host.npos ? host : '[' + host + ']';
  return written + ':' + port;
}

std::optional<address> parse_url(std::string_view text) {
  const auto is_secure = text.starts_with("https://");
  const std::string_view scheme = is_secure ? "https://" : "http://";
  if (!text.starts_with(scheme) || !is_visible(text) || text.find_first_of("?#@") != text.npos)
    return std::nullopt;
  text.remove_prefix(scheme.size());
  const auto slash = std::min(text.find('/'), text.size());
  auto rest = text.substr(0, slash);
  auto path = text.substr(slash);
  while (path.ends_with('/'))
    path.remove_suffix(1);
  const auto host = take_host(rest);
  if (host.empty())
    return std::nullopt;
  if (rest.empty())
    return address{std::string{host}, is_secure ? "443" : "80", std::string{path}, is_secure};
  if (!rest.starts_with(':') || !is_port(rest.substr(1)))
    return std::nullopt;
  return address{std::string{host}, std::string{rest.substr(1)}, std::string{path}, is_secure};
}

} // namespace nekod::load
