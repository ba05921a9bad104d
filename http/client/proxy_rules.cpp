#include "http/client/proxy_rules.hpp"

#include <algorithm>
#include <cstdlib>
#include <initializer_list>

namespace nekod::http {

namespace {

bool environment_has(std::initializer_list<const char*> names) {
  return std::any_of(names.begin(), names.end(), [](const auto* name) {
    const auto* value = std::getenv(name);
    return value && *value != '\0';
  });
}

/// Whether the environment names a proxy for HTTP, plain or over TLS, as libcurl reads it.
bool environment_has_proxy(bool is_secure) {
  // Read once, before anything could write it.
  static const auto for_plain = environment_has({"http_proxy", "all_proxy", "ALL_PROXY"});
  static const auto for_tls =
      environment_has({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
  return is_secure ? for_tls : for_plain;
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

bool needs_no_proxy(const client_options& options, const http_url& url) {
  if (options.direct)
    return true;
  if (options.proxy.empty() &&
      (!environment_has_proxy(url.is_secure) || has_host(hosts_of_this_machine, url.host)))
    return true;
  return hosts_without_proxy() == "*" || has_host(hosts_without_proxy(), url.host);
}

} // namespace nekod::http
