#include "bench/load/url.hpp"

#include <doctest/doctest.h>

using namespace nekod::load;

TEST_CASE("an address has a host, a port and a path") {
  CHECK(parse_url("http://localhost:8000/v1") == address{"localhost", "8000", "/v1"});
  CHECK(parse_url("http://10.0.0.1:1/a/b") == address{"10.0.0.1", "1", "/a/b"});
  CHECK(parse_url("http://[::1]:8000/v1") == address{"::1", "8000", "/v1"});
}

TEST_CASE("port and path may be left out, and a path's last slash does not count") {
  CHECK(parse_url("http://chat.example") == address{"chat.example", "80", ""});
  CHECK(parse_url("https://chat.example/v1") == address{"chat.example", "443", "/v1", true});
  CHECK(parse_url("http://chat.example/") == address{"chat.example", "80", ""});
  CHECK(parse_url("http://[::1]/v1/") == address{"::1", "80", "/v1"});
}

TEST_CASE("an IPv6 address is bracketed before a port") {
  CHECK(parse_url("http://[::1]:8000")->authority() == "[::1]:8000");
  CHECK(parse_url("http://host:8000")->authority() == "host:8000");
}

TEST_CASE("anything else is refused") {
  for (auto text : {"", "localhost:8000", "ftp://a:1/v1", "http://", "http://:80",
                    "http://a:", "http://a:0", "http://a:65536", "http://a:8x", "http://a:1:2",
                    "http://[::1", "http://[::1]8000", "http://[]:1", "http://a b/",
                    "http://a/\r\n", "http://u@a/", "http://a/?q", "http://a/#f"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_url(text));
  }
}
