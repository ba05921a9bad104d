#include "live_settings.hpp"

#include "config_sources.hpp"

#include <utility>

namespace nekod {

result<live_settings, std::string> load_live_settings(const settings& s) {
  live_settings live;
  live.aliases.entries = s.model_aliases;
  auto requests = http::parse_rate_limit(s.rate_limit);
  auto chats = http::parse_rate_limit(s.chat_rate_limit);
  auto proxies = http::parse_networks(s.trusted_proxies);
  if (!requests || !chats || !proxies)
    return std::string{"a limit or network that was checked before does not read now"};
  live.admission.requests = std::move(*requests);
  live.admission.chats = std::move(*chats);
  live.admission.trusted_proxies = std::move(*proxies);
  if (!s.api_keys.empty()) {
    auto text = read_file(s.api_keys);
    if (!text)
      return "--api-keys: cannot read " + s.api_keys;
    auto keys = http::parse_api_keys(*text);
    if (!keys)
      return "--api-keys: " + s.api_keys + ", " + keys.error();
    live.admission.keys = std::move(*keys);
  }
  if (!s.tls_cert.empty()) {
    auto tls = http::load_tls(s.tls_cert, s.tls_key);
    if (!tls)
      return "--tls-cert, --tls-key: " + tls.error();
    live.tls = std::move(*tls);
  }
  return live;
}

namespace {

/// The settings in which upstreams may differ that are not shown, or not whole.
std::string name_of_upstreams(const settings& s) {
  if (s.has_tables)
    return "[upstreams]";
  return s.upstreams.front().kind == upstream_kind::openai ? "--openai-key"
                                                           : "--anuneko-token or --anuneko-cookie";
}

} // namespace

std::vector<std::string> fixed_changes(const settings& before, const settings& after) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < after.shown.size() && i < before.shown.size(); ++i)
    if (before.shown[i] != after.shown[i] && !after.shown[i].reloadable)
      names.push_back("--" + after.shown[i].name);
  // What is in tables is not among them, and secrets are shown masked.
  if (before.upstreams != after.upstreams)
    names.push_back(name_of_upstreams(after));
  return names;
}

} // namespace nekod
