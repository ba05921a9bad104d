#include "reload.hpp"

#include "actors/runtime/process/file.hpp"
#include "actors/runtime/process/start_error.hpp"

#include <unistd.h>

#include <array>
#include <utility>

namespace nekod {

namespace {

/// The error for a file that *flag* names.
exit_request wrong_file(const settings& s, const std::string& flag, const std::string& what) {
  return {exit_code::setting, with_source(s, flag) + ": " + what};
}

exit_request unreadable(const settings& s, const std::string& flag, const std::string& file,
                        const std::error_code& why) {
  return {exit_code_of(why), with_source(s, flag) + ": cannot read " + file + ": " + why.message()};
}

result<http::api_keys, exit_request> load_keys(const settings& s) {
  const std::string flag = "--api-keys";
  auto text = read_file(s.api_keys);
  if (!text)
    return unreadable(s, flag, s.api_keys, text.error());
  auto keys = http::parse_api_keys(*text);
  if (!keys)
    return wrong_file(s, flag, s.api_keys + ", " + keys.error());
  return std::move(*keys);
}

result<http::tls_context, exit_request> load_tls(const settings& s) {
  for (const auto& [flag, file] : {std::pair{"--tls-cert", s.tls_cert}, {"--tls-key", s.tls_key}})
    if (auto text = read_file(file); !text)
      return unreadable(s, flag, file, text.error());
  auto tls = http::load_tls(s.tls_cert, s.tls_key);
  if (!tls)
    return exit_request{exit_code::setting, with_source(s, "--tls-cert") + ", " +
                                                with_source(s, "--tls-key") + ": " + tls.error()};
  return std::move(*tls);
}

/// The host name of the machine; empty if it is unknown.
std::string machine_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

} // namespace

result<live_settings, exit_request> load_live_settings(const settings& s) {
  live_settings live;
  live.aliases.entries = s.model_aliases;
  auto requests = http::parse_rate_limit(s.rate_limit);
  auto chats = http::parse_rate_limit(s.chat_rate_limit);
  auto proxies = http::parse_networks(s.trusted_proxies);
  auto hosts = http::parse_allowed_hosts(s.allowed_hosts);
  auto origins = http::parse_cors_origins(s.cors_origins);
  if (!requests || !chats || !proxies || !hosts || !origins)
    return exit_request{exit_code::setting,
                        "a limit, network or name cannot be read, although it was checked before"};
  live.admission.requests = std::move(*requests);
  live.admission.chats = std::move(*chats);
  live.admission.trusted_proxies = std::move(*proxies);
  live.admission.origins = {std::move(*hosts), std::move(*origins), machine_name()};
  if (!s.api_keys.empty()) {
    auto keys = load_keys(s);
    if (!keys)
      return std::move(keys.error());
    live.admission.keys = std::move(*keys);
  }
  if (!s.tls_cert.empty()) {
    auto tls = load_tls(s);
    if (!tls)
      return std::move(tls.error());
    live.tls = std::move(*tls);
  }
  return live;
}

std::string reload_problem(const settings& before, std::optional<std::size_t> keys,
                           const settings& after, const live_settings& live) {
  if (before.file_sets_any && !after.file_sets_any)
    return "the file of --config no longer sets anything";
  if (keys && !live.admission.keys)
    return "--api-keys is no longer set; only a restart can remove it";
  if (keys && *keys > 0 && live.admission.keys->size() == 0)
    return with_source(after, "--api-keys") + ": " + after.api_keys +
           " no longer has any keys; only a restart can remove the last one";
  return {};
}

namespace {

/// The settings of upstreams that are not shown, or shown masked.
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
  // Settings in tables are not among those, and secrets are shown masked.
  if (before.upstreams != after.upstreams)
    names.push_back(name_of_upstreams(after));
  return names;
}

} // namespace nekod
