#include "protocol/settings/cluster_settings.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace nekod {

namespace {

constexpr std::size_t shortest_secret = 16;

bool is_host(std::string_view host, std::string_view marks) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [marks](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           marks.find(c) != std::string_view::npos;
  });
}

/// Whether *host* stands for all addresses of its machine, which names it to nobody else.
bool is_any(std::string_view host) { return host == "0.0.0.0" || host == "::"; }

} // namespace

std::optional<node_address> parse_node_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return std::nullopt;
  auto host = text.substr(0, colon);
  const auto bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed)
    host = host.substr(1, host.size() - 2);
  if (!is_host(host, bracketed ? ":." : "-."))
    return std::nullopt;
  node_address result{std::string{host}, 0};
  const auto digits = text.substr(colon + 1);
  const auto* end = digits.data() + digits.size();
  const auto [stop, fault] = std::from_chars(digits.data(), end, result.port);
  if (fault != std::errc{} || stop != end)
    return std::nullopt;
  return result;
}

std::string node_address_problem(const std::string& text) {
  return text.empty() || parse_node_address(text) ? std::string{} : "must be HOST:PORT";
}

std::string contradiction_in(const cluster_settings& s, bool shares_store) {
  if (s.address.empty())
    return s.advertise.empty() ? std::string{} : "--cluster-advertise needs --cluster-address";
  if (!shares_store)
    return "--cluster-address needs a --store that nekods share: postgresql://... or "
           "postgres:service=NAME";
  if (s.secret.size() < shortest_secret)
    return "--cluster-address needs --cluster-secret, of at least 16 characters";
  if (std::any_of(s.secret.begin(), s.secret.end(), [](char c) { return c <= ' ' || c > '~'; }))
    return "--cluster-secret must consist of visible ASCII characters";
  const auto address = parse_node_address(s.address);
  if (s.advertise.empty() && address && is_any(address->host))
    return "--cluster-address names no single machine; --cluster-advertise must say how the others "
           "reach it";
  const auto advertised = parse_node_address(s.advertise);
  if (advertised && (advertised->port == 0 || is_any(advertised->host)))
    return "--cluster-advertise must name a machine and its port";
  return {};
}

} // namespace nekod
