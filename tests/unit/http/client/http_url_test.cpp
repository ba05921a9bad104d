#include "http/client/http_url.hpp"

#include <doctest/doctest.h>

using nekod::http::parse_http_url;

TEST_CASE("an address of HTTP is taken apart") {
  const auto url = parse_http_url("http://Cat.Example:8080/v1/chat?a=b/../c&d=%2e");
  REQUIRE(url);
  CHECK(url->host == "cat.example");
  CHECK(url->port == 8080);
  CHECK(url->authority == "Cat.Example:8080");
  CHECK(url->origin == "http://cat.example:8080");
  CHECK_FALSE(url->is_secure);
  CHECK(url->target == "/v1/chat?a=b/../c&d=%2e");
}

TEST_CASE("what may be missing in an address has its usual value") {
  CHECK(parse_http_url("http://cat")->target == "/");
  CHECK(parse_http_url("http://cat?a=1")->target == "/?a=1");
  CHECK(parse_http_url("http://cat/x")->port == 80);
  CHECK(parse_http_url("http://cat:80/x")->authority == "cat");
  CHECK(parse_http_url("http://cat/x")->origin == "http://cat:80");
}

TEST_CASE("an address over TLS has a port and connections of its own") {
  const auto url = parse_http_url("https://cat/x");
  REQUIRE(url);
  CHECK(url->is_secure);
  CHECK(url->port == 443);
  CHECK(url->authority == "cat");
  CHECK(url->origin == "https://cat:443");
  CHECK(parse_http_url("https://cat:443/x")->authority == "cat");
  CHECK(parse_http_url("https://cat:80/x")->authority == "cat:80");
  CHECK(parse_http_url("http://cat:443/x")->authority == "cat:443");
  CHECK(parse_http_url("http://cat:443/x")->origin != url->origin);
}

TEST_CASE("an address of IPv6 loses its brackets where it is used as one") {
  const auto url = parse_http_url("http://[::1]:81/x");
  REQUIRE(url);
  CHECK(url->host == "::1");
  CHECK(url->port == 81);
  CHECK(url->authority == "[::1]:81");
}

TEST_CASE("what libcurl treats in a way of its own is left to it") {
  for (const auto* url : {"HTTP://cat/",
                          "HTTPS://cat/",
                          "cat",
                          "http://",
                          "http:///x",
                          "http://:80/",
                          "http://cat:/",
                          "http://cat:0/",
                          "http://cat:65536/",
                          "http://cat:x/",
                          "http://a:b@cat/",
                          "http://cat/../x",
                          "http://cat/.",
                          "http://cat/a/.well-known",
                          "http://cat/%2e%2e/x",
                          "http://cat/x#y",
                          "http://cat/a b",
                          "http://cat/a\tb",
                          "http://cat/a\r\nb",
                          "http://c%61t/",
                          "http://[fe80::1%25eth0]/",
                          "http://[::1/",
                          "http://[::1]x/",
                          "http://cat/\\x",
                          "http://cat/\xe4\xbd\xa0"}) {
    CAPTURE(url);
    CHECK_FALSE(parse_http_url(url));
  }
}
