#include "http/server/message/redirect.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace nekod::http {

namespace {

/// Whether *host* is a name or an address, so that it can bring nothing else into a link.
bool is_host(std::string_view host) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{".-_[]:"}.find(c) != std::string_view::npos;
  });
}

/// The host in a `Host` field, without its port; an IPv6 address keeps its brackets.
std::string_view host_of(std::string_view field) {
  auto name_end = field.find(']');
  auto colon = field.find(':', name_end == std::string_view::npos ? 0 : name_end);
  return field.substr(0, colon);
}

} // namespace

void redirect_to_tls(exchange& x, std::uint16_t port) {
  x.notes().endpoint = "redirect";
  x.close_after();
  auto host = host_of(x.req().header("Host"));
  if (!is_host(host) || x.req().path.substr(0, 1) != "/")
    return x.respond(400, {}, {});
  std::string target = "https://" + std::string{host};
  if (port != 443)
    target += ":" + std::to_string(port);
  target += x.req().path;
  if (!x.req().query.empty())
    target += "?" + x.req().query;
  x.respond(308, {{"Location", std::move(target)}}, {});
}

} // namespace nekod::http
