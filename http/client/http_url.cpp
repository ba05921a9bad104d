#include "http/client/http_url.hpp"

#include "protocol/text/words.hpp"

#include <algorithm>
#include <charconv>

namespace nekod::http {

namespace {

bool is_letter_or_digit(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_name(std::string_view host) {
  return std::all_of(host.begin(), host.end(), [](char c) {
    return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_';
  });
}

bool is_address(std::string_view host) {
  return std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' ||
           c == '.';
  });
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc{} || at != end || port == 0)
    return std::nullopt;
  return port;
}

bool is_clear_target(std::string_view target) {
  const auto is_clear = [](char c) { return c > ' ' && c <= '~' && c != '#' && c != '\\'; };
  if (!std::all_of(target.begin(), target.end(), is_clear))
    return false;
  auto path = target.substr(0, target.find('?'));
  // A dot segment may be written with escapes, too.
  for (const auto* dots : {"/.", "/%2e", "/%2E"})
    if (path.find(dots) != path.npos)
      return false;
  return true;
}

/// Host and port; *rest* begins behind the scheme and loses them.
bool take_authority(std::string_view& rest, http_url& to) {
  const auto authority = rest.substr(0, rest.find_first_of("/?#"));
  rest.remove_prefix(authority.size());
  auto host = authority;
  auto port = std::string_view{};
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == authority.npos)
      return false;
    host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
  } else if (const auto colon = authority.find(':'); colon != authority.npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  const auto is_valid = authority.starts_with('[') ? is_address(host) : is_name(host);
  if (host.empty() || !is_valid)
    return false;
  const std::uint16_t usual = to.is_secure ? 443 : 80;
  to.port = usual;
  if (!port.empty()) {
    const auto number = port.front() == ':' ? parse_port(port.substr(1)) : std::nullopt;
    if (!number)
      return false;
    to.port = *number;
  }
  to.authority =
      authority.substr(0, to.port == usual ? authority.size() - port.size() : authority.npos);
  to.host.resize(host.size());
  std::transform(host.begin(), host.end(), to.host.begin(), to_lower);
  return true;
}

} // namespace

std::optional<http_url> parse_http_url(std::string_view url) {
  http_url result;
  result.is_secure = url.starts_with("https://");
  const std::string_view scheme = result.is_secure ? "https://" : "http://";
  if (!url.starts_with(scheme))
    return std::nullopt;
  url.remove_prefix(scheme.size());
  if (!take_authority(url, result) || !is_clear_target(url))
    return std::nullopt;
  result.origin = std::string{scheme} + result.host + ':' + std::to_string(result.port);
  if (!url.starts_with('/'))
    result.target = '/';
  result.target += url;
  return result;
}

} // namespace nekod::http
