#include "http/server/gate/origin_rules.hpp"

#include "http/server/gate/client_address.hpp"
#include "protocol/text/words.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace nekod::http {

namespace {

constexpr std::string_view any = "*";

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(), to_lower);
  return result;
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool is_name(std::string_view text) {
  return !text.empty() && text.front() != '.' && std::all_of(text.begin(), text.end(), [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.';
  });
}

/// A host with its port, as in `Host` and `Origin`, in lower case.
struct authority {
  /// A name, or an address without brackets.
  std::string host;
  /// Empty if there is none.
  std::string port;
  std::optional<ip_address> address;
};

/// @returns nothing if *text* is not a host.
std::optional<authority> parse_authority(std::string_view text) {
  authority result;
  auto name = text;
  if (!text.empty() && text.front() == '[') {
    auto end = text.find(']');
    if (end == std::string_view::npos)
      return std::nullopt;
    auto inside = text.substr(1, end - 1);
    result.address = parse_ip_address(inside.substr(0, inside.find('%')));
    if (!result.address || inside.find(':') == std::string_view::npos)
      return std::nullopt;
    name = inside;
    text.remove_prefix(end + 1);
  } else {
    name = text.substr(0, text.find(':'));
    text.remove_prefix(name.size());
  }
  if (!text.empty()) {
    auto port = text.substr(1);
    if (text.front() != ':' || port.size() > 5 || !std::all_of(port.begin(), port.end(), is_digit))
      return std::nullopt;
    result.port = port;
  }
  result.host = lower(name);
  if (!result.address) {
    if (!is_name(result.host))
      return std::nullopt;
    result.address = parse_ip_address(result.host);
  }
  return result;
}

/// An origin's scheme and authority.
struct page_origin {
  std::string scheme;
  authority where;
};

std::string_view default_port(std::string_view scheme) {
  return scheme == "https" ? "443" : scheme == "http" ? "80" : "";
}

std::optional<page_origin> parse_origin(std::string_view text) {
  auto end = text.find("://");
  if (end == std::string_view::npos || end == 0)
    return std::nullopt;
  auto where = parse_authority(text.substr(end + 3));
  if (!where)
    return std::nullopt;
  page_origin result{lower(text.substr(0, end)), std::move(*where)};
  if (result.where.port == default_port(result.scheme))
    result.where.port.clear();
  return result;
}

bool is_localhost(std::string_view name) {
  return name == "localhost" || ends_with(name, ".localhost");
}

bool is_loopback(const authority& a) {
  static const auto networks = *parse_networks("127.0.0.0/8, ::1");
  if (!a.address)
    return is_localhost(a.host);
  return std::any_of(networks.begin(), networks.end(),
                     [&](const network& n) { return n.contains(*a.address); });
}

/// The origin in its normal form.
std::string to_text(const page_origin& o) {
  auto brackets = o.where.host.find(':') != std::string::npos;
  auto host = brackets ? "[" + o.where.host + "]" : o.where.host;
  return o.scheme + "://" + host + (o.where.port.empty() ? "" : ":" + o.where.port);
}

/// Calls *f* with each part of *text* between commas that is not blank.
template <class F>
void for_each_part(std::string_view text, F f) {
  while (!text.empty()) {
    auto comma = std::min(text.find(','), text.size());
    if (auto part = trim(text.substr(0, comma)); !part.empty())
      f(part);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
}

std::string_view without_dot(std::string_view name) {
  if (ends_with(name, "."))
    name.remove_suffix(1);
  return name;
}

} // namespace

result<std::vector<std::string>, std::string> parse_allowed_hosts(std::string_view text) {
  std::vector<std::string> hosts;
  std::string problem;
  for_each_part(text, [&](std::string_view part) {
    auto name = lower(without_dot(part));
    auto below = std::string_view{name}.substr(name.rfind("*.", 0) == 0 ? 2 : 0);
    if (part != any && !is_name(below))
      problem = in_backquotes(part) + " is not a host name; write it without a port";
    hosts.push_back(std::move(name));
  });
  if (!problem.empty())
    return problem;
  return hosts;
}

result<std::vector<std::string>, std::string> parse_cors_origins(std::string_view text) {
  std::vector<std::string> origins;
  std::string problem;
  for_each_part(text, [&](std::string_view part) {
    auto whole = part;
    if (ends_with(part, "/"))
      part.remove_suffix(1);
    auto origin = parse_origin(part);
    if (origin)
      origins.push_back(to_text(*origin));
    else if (part == any)
      origins.emplace_back(any);
    else
      problem = in_backquotes(whole) + " is not an origin such as https://chat.example.com";
  });
  if (!problem.empty())
    return problem;
  return origins;
}

origin_rules::origin_rules(std::vector<std::string> hosts, std::vector<std::string> origins,
                           std::string_view machine)
    : hosts_(std::move(hosts)),
      origins_(std::move(origins)),
      machine_(lower(without_dot(machine))) {}

request_source origin_rules::source_of(const request& r) const {
  // In HTTP/1.0 there may be no Host; browsers always send one.
  auto host = r.header("Host");
  auto has_host = std::any_of(r.headers.begin(), r.headers.end(),
                              [](const auto& field) { return same_word(field.first, "Host"); });
  if ((has_host && !knows_host(host)) || (!r.authority.empty() && !knows_host(r.authority)))
    return request_source::unknown_host;
  if (!r.authority.empty())
    host = r.authority;
  bool from_page = false;
  for (const auto& [name, value] : r.headers) {
    if (!same_word(name, "Origin"))
      continue;
    from_page = true;
    if (!knows_origin(value, host))
      return request_source::foreign_page;
  }
  if (from_page)
    return request_source::known_page;
  auto foreign = same_word(r.header("Sec-Fetch-Site"), "cross-site");
  return foreign && !same_word(r.header("Sec-Fetch-Mode"), "navigate")
             ? request_source::foreign_element
             : request_source::program;
}

bool origin_rules::knows_host(std::string_view host) const {
  auto parsed = parse_authority(host);
  if (!parsed)
    return false;
  if (parsed->address)
    return true;
  auto name = without_dot(parsed->host);
  // A single word followed by a dot is a top-level domain.
  auto dotless = parsed->host.find('.') == std::string::npos;
  if (dotless || is_localhost(name) || (!machine_.empty() && name == machine_))
    return true;
  return std::any_of(hosts_.begin(), hosts_.end(), [&](std::string_view allowed) {
    return allowed == any || allowed == name ||
           (allowed.substr(0, 2) == "*." && ends_with(name, allowed.substr(1)));
  });
}

bool origin_rules::knows_origin(std::string_view origin, std::string_view host) const {
  if (std::find(origins_.begin(), origins_.end(), any) != origins_.end())
    return true;
  auto page = parse_origin(origin);
  if (!page)
    return false;
  if (std::find(origins_.begin(), origins_.end(), to_text(*page)) != origins_.end())
    return true;
  auto web = page->scheme == "http" || page->scheme == "https";
  if (web && is_loopback(page->where))
    return true;
  auto own = parse_authority(host);
  if (!own || !web)
    return false;
  auto port = own->port == default_port(page->scheme) ? std::string{} : own->port;
  auto same_host = own->address ? own->address == page->where.address
                                : without_dot(own->host) == without_dot(page->where.host);
  return same_host && port == page->where.port;
}

} // namespace nekod::http
