#include "http/client/proxy_rules.hpp"

#include <algorithm>
#include <cstdlib>

namespace nekod::http {

namespace {

/// Whether the environment names a proxy for plain HTTP.
bool environment_has_proxy() {
  // Read once, before anything could write it.
  static const auto has = [] {
    for (const auto* name : {"http_proxy", "all_proxy", "ALL_PROXY"})
      if (const auto* value = std::getenv(name); value && *value != '\0')
        return true;
    return false;
  }();
  return has;
}

/// Whether *list* has *host*, or a domain that it is in.
bool has_host(std::string_view list, std::string_view host) {
  while (!list.empty()) {
    const auto end = std::min(list.find_first_of(", "), list.size());
    auto entry = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    if (entry.starts_with('.'))
      entry.remove_prefix(1);
    if (entry.empty() || !host.ends_with(entry))
      continue;
    if (host.size() == entry.size() || host[host.size() - entry.size() - 1] == '.')
      return true;
  }
  return false;
}

} // namespace

const std::string& hosts_without_proxy() {
  static const auto hosts = [] {
    for (const auto* name : {"no_proxy", "NO_PROXY"})
      if (const auto* value = std::getenv(name)) // Read once, before anything could write it.
        return std::string{value};
    return std::string{};
  }();
  return hosts;
}

bool needs_no_proxy(const client_options& options, std::string_view host) {
  if (options.proxy.empty() && (!environment_has_proxy() || has_host(hosts_of_this_machine, host)))
    return true;
  return hosts_without_proxy() == "*" || has_host(hosts_without_proxy(), host);
}

} // namespace nekod::http
