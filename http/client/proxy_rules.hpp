#pragma once

#include "http/client/client_options.hpp"
#include "http/client/http_url.hpp"

#include <string>
#include <string_view>

/// Tells which hosts are reached without a proxy.
namespace nekod::http {

/// The value of `no_proxy`, as libcurl would read it.
const std::string& hosts_without_proxy();

/// The hosts that the environment's proxies are never used for, separated by commas.
inline constexpr std::string_view hosts_of_this_machine = "localhost,127.0.0.1,::1";

/// Whether *url* is certainly reached without a proxy. Of `no_proxy` only names
/// and addresses are understood, not networks.
bool needs_no_proxy(const client_options& options, const http_url& url);

} // namespace nekod::http
