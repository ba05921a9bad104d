#include "http/server/gate/origin_rules.hpp"
#include "http/server/message/request_head.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace nekod::http;

namespace {

origin_rules rules_of(const char* hosts = "", const char* origins = "") {
  return {*parse_allowed_hosts(hosts), *parse_cors_origins(origins), "Box.example.org"};
}

/// The request in these lines.
request reading(const std::string& lines) {
  auto head = parse_request_head(lines + "\r\n\r\n");
  REQUIRE(head);
  return std::move(head->what);
}

request_source source(const std::string& lines, const origin_rules& rules = rules_of()) {
  return rules.source_of(reading("GET / HTTP/1.1\r\n" + lines));
}

} // namespace

TEST_CASE("hosts that nobody else can own are known") {
  auto rules = rules_of();
  for (const auto* host : {"127.0.0.1",
                           "127.0.0.1:8000",
                           "10.1.2.3:80",
                           "203.0.113.9",
                           "0.0.0.0:8000",
                           "[::1]",
                           "[::1]:8000",
                           "[2001:DB8::1]:443",
                           "[fe80::1%25eth0]:8000",
                           "localhost",
                           "LocalHost:8000",
                           "localhost.",
                           "localhost.:8000",
                           "localhost:",
                           "app.localhost",
                           "a.b.LOCALHOST:1",
                           "nekod",
                           "nekod:8000",
                           "my_container",
                           "box.example.org",
                           "BOX.EXAMPLE.ORG.:8000"}) {
    CAPTURE(host);
    CHECK(rules.knows_host(host));
  }
}

TEST_CASE("other names are not known, and neither are invalid hosts") {
  auto rules = rules_of();
  for (const auto* host : {"evil.test",
                           "EVIL.test:8000",
                           "evil.test.",
                           "127.0.0.1.evil.test",
                           "localhost.evil.test",
                           "evil-localhost.test",
                           "notlocalhost.",
                           "xlocalhost.test",
                           "other.box.example.org",
                           "ai.",
                           "example.org",
                           "",
                           ":8000",
                           ".",
                           "..",
                           ".localhost",
                           "[::1",
                           "::1",
                           "[]",
                           "[evil.test]",
                           "[127.0.0.1]",
                           "127.0.0.1:80:80",
                           "127.0.0.1:x",
                           "127.0.0.1:123456",
                           "127.0.0.1@evil.test",
                           "evil.test#127.0.0.1",
                           "127.0.0.1, evil.test",
                           "127.0.0.1 ",
                           "127.1",
                           "256.0.0.1",
                           "[::1]evil.test",
                           "例子"}) {
    CAPTURE(host);
    CHECK_FALSE(rules.knows_host(host));
  }
}

TEST_CASE("allowed names are known, and so is everything below a star") {
  auto rules = rules_of("Chat.Example.com., *.wide.test");
  for (const auto* host : {"chat.example.com", "CHAT.example.com:443", "chat.example.com.",
                           "a.wide.test", "a.b.WIDE.test:1"}) {
    CAPTURE(host);
    CHECK(rules.knows_host(host));
  }
  for (const auto* host : {"example.com", "x.chat.example.com", "wide.test", "xwide.test"}) {
    CAPTURE(host);
    CHECK_FALSE(rules.knows_host(host));
  }
  CHECK(rules_of("*").knows_host("evil.test"));
  CHECK_FALSE(rules_of("*").knows_host("not a host"));
}

TEST_CASE("origins of this machine and of the host itself are known") {
  auto rules = rules_of("", "https://App.example.com/, http://10.0.0.5:3000, https://p.test:443");
  struct entry {
    const char* origin;
    const char* host;
  };
  for (const auto& e : std::vector<entry>{{"http://localhost", "x"},
                                          {"http://localhost:3000", "x"},
                                          {"https://LOCALHOST:1", "x"},
                                          {"http://page.localhost:3000", "x"},
                                          {"http://127.0.0.1:5173", "x"},
                                          {"http://127.8.9.1", "x"},
                                          {"http://[::1]:5173", "x"},
                                          {"http://nekod:8000", "nekod:8000"},
                                          {"http://nekod", "nekod"},
                                          {"http://nekod", "nekod:80"},
                                          {"http://nekod:80", "nekod"},
                                          {"https://nekod", "nekod:443"},
                                          {"https://chat.test", "CHAT.test"},
                                          {"https://chat.test", "chat.test."},
                                          {"http://192.168.1.2:8000", "192.168.1.2:8000"},
                                          {"http://[2001:db8::1]:80", "[2001:db8:0::1]"},
                                          {"https://app.example.com", "x"},
                                          {"https://APP.example.com:443", "x"},
                                          {"https://p.test", "x"},
                                          {"http://10.0.0.5:3000", "x"}}) {
    CAPTURE(e.origin);
    CHECK(rules.knows_origin(e.origin, e.host));
  }
  for (const auto& e : std::vector<entry>{{"null", "x"},
                                          {"", "x"},
                                          {"https://evil.test", "x"},
                                          {"https://evil.test", "evil.test:8000"},
                                          {"http://nekod:8001", "nekod:8000"},
                                          {"https://nekod", "nekod:80"},
                                          {"http://app.example.com", "x"},
                                          {"https://app.example.com:8443", "x"},
                                          {"https://app.example.com.evil.test", "x"},
                                          {"http://localhost.evil.test", "x"},
                                          {"http://127.0.0.1.evil.test", "x"},
                                          {"http://127.0.0.1@evil.test", "x"},
                                          {"http://10.0.0.5", "x"},
                                          {"http://10.0.0.6", "x"},
                                          {"tauri://localhost", "x"},
                                          {"chrome-extension://abcdef", "abcdef"},
                                          {"file://", "x"},
                                          {"localhost", "localhost"},
                                          {"https://localhost/path", "x"}}) {
    CAPTURE(e.origin);
    CAPTURE(e.host);
    CHECK_FALSE(rules.knows_origin(e.origin, e.host));
  }
  CHECK(rules_of("", "*").knows_origin("https://evil.test", "x"));
  CHECK(rules_of("", "chrome-extension://abcdef").knows_origin("chrome-extension://abcdef", "x"));
}

TEST_CASE("a request's fields show where it comes from") {
  using enum request_source;
  CHECK(source("Host: 127.0.0.1") == program);
  CHECK(source("Host: evil.test") == unknown_host);
  CHECK(source("Host:") == unknown_host);
  CHECK(source("Host: evil.test\r\nOrigin: http://evil.test") == unknown_host);
  CHECK(source("Host: nekod\r\nOrigin: https://evil.test") == foreign_page);
  CHECK(source("Host: nekod\r\nOrigin: null") == foreign_page);
  CHECK(source("Host: nekod\r\nOrigin:") == foreign_page);
  CHECK(source("Host: nekod\r\nOrigin: http://nekod") == known_page);
  CHECK(source("Host: nekod\r\norigin: http://localhost:1") == known_page);
  CHECK(source("Host: a\r\nOrigin: http://localhost\r\nOrigin: http://evil.test") == foreign_page);
  const std::string embedded = "Host: nekod\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: ";
  CHECK(source(embedded + "no-cors") == foreign_element);
  CHECK(source(embedded + "cors") == foreign_element);
  CHECK(source("Host: nekod\r\nSec-Fetch-Site: cross-site") == foreign_element);
  CHECK(source(embedded + "navigate") == program);
  CHECK(source(embedded + "cors\r\nOrigin: http://localhost") == known_page);
  CHECK(source(embedded + "navigate\r\nOrigin: http://evil.test") == foreign_page);
  CHECK(source("Host: nekod\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors") == program);
}

TEST_CASE("an absolute target's host counts, and so does the field beside it") {
  using enum request_source;
  auto from = [](const std::string& lines) { return rules_of().source_of(reading(lines)); };
  CHECK(from("GET http://127.0.0.1:8000/v1/models HTTP/1.1\r\nHost: 127.0.0.1:8000") == program);
  CHECK(from("GET http://evil.test/v1/models HTTP/1.1\r\nHost: 127.0.0.1") == unknown_host);
  CHECK(from("GET http://evil.test?x HTTP/1.1\r\nHost: 127.0.0.1") == unknown_host);
  CHECK(from("GET http://127.0.0.1/ HTTP/1.1\r\nHost: evil.test") == unknown_host);
  CHECK(from("GET http://u@127.0.0.1/ HTTP/1.1\r\nHost: 127.0.0.1") == unknown_host);
  CHECK(from("GET http://nekod:1/ HTTP/1.1\r\nHost: a\r\nOrigin: http://nekod:1") == known_page);
  CHECK(from("GET /http://evil.test/ HTTP/1.1\r\nHost: a") == program);
}

TEST_CASE("HTTP/1.0 need not have a Host, which no browser omits") {
  using enum request_source;
  auto from = [](const std::string& lines) {
    return rules_of().source_of(reading("GET / HTTP/1.0" + lines));
  };
  CHECK(from("") == program);
  CHECK(from("\r\nHost: evil.test") == unknown_host);
  CHECK(from("\r\nOrigin: http://evil.test") == foreign_page);
  CHECK(from("\r\nOrigin: http://localhost") == known_page);
}

TEST_CASE("invalid lists are refused, and the part at fault is named") {
  for (const auto* text : {"https://a.test", "a.test:80", "a b", "*.", "**", "a.*", "a,[::1]"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_allowed_hosts(text));
  }
  CHECK(parse_allowed_hosts("a,b.test:80").error().find("`b.test:80`") != std::string::npos);
  for (const auto* text : {"a.test", "null", "https://", "https://a.test/path", "https://a.test:x",
                           "https://*.test", "://a"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_cors_origins(text));
  }
  CHECK(parse_cors_origins("https://a.test, b.test").error().find("`b.test`") != std::string::npos);
  CHECK(parse_cors_origins(" , ")->empty());
  CHECK(*parse_cors_origins("HTTPS://A.test:443/,*") ==
        std::vector<std::string>{"https://a.test", "*"});
}
