#include "http/client/proxy_rules.hpp"

#include <doctest/doctest.h>

using nekod::http::client_options;
using nekod::http::http_url;
using nekod::http::needs_no_proxy;

namespace {

http_url at(const char* host) {
  http_url result;
  result.host = host;
  return result;
}

} // namespace

TEST_CASE("with a proxy that is set, no host but those in no_proxy goes without") {
  client_options options;
  options.proxy = "http://127.0.0.1:3128";
  for (const auto* host : {"cat.example", "localhost", "127.0.0.1", "::1"}) {
    CAPTURE(host);
    CHECK_FALSE(needs_no_proxy(options, at(host)));
  }
}

TEST_CASE("this machine needs no proxy unless one is set") {
  for (const auto* host : {"localhost", "127.0.0.1", "::1"})
    CHECK(needs_no_proxy(client_options{}, at(host)));
}
