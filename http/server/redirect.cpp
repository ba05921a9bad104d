#include "http/server/redirect.hpp"

#include <string>
#include <string_view>

namespace nekod::http {

namespace {

/// The host of a `Host` field, without its port; the address of IPv6 keeps its brackets.
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
  if (host.empty() || host.find_first_of("/@\\ ") != std::string_view::npos)
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
