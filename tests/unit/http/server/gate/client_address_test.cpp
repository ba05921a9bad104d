#include "http/server/gate/client_address.hpp"
#include "http/server/message/exchange.hpp"

#include <doctest/doctest.h>

using namespace nekod::http;

namespace {

std::vector<network> networks(std::string_view text) {
  auto parsed = parse_networks(text);
  REQUIRE_MESSAGE(parsed, std::string{text});
  return *parsed;
}

bool holds(std::string_view text, std::string_view address) {
  auto parsed = parse_ip_address(address);
  REQUIRE_MESSAGE(parsed, std::string{address});
  return networks(text).at(0).contains(*parsed);
}

/// The client behind proxies at the addresses in the README.
std::string client(std::string_view peer, std::string_view forwarded_for) {
  return client_address(peer, forwarded_for, networks("127.0.0.1, 10.0.0.0/8, ::1, fd00::/8"));
}

} // namespace

TEST_CASE("addresses have one spelling") {
  struct entry {
    const char* text;
    const char* expected;
  };
  const entry table[] = {
      {"1.2.3.4", "1.2.3.4"},
      {"::ffff:1.2.3.4", "1.2.3.4"},
      {"::FFFF:102:304", "1.2.3.4"},
      {"2001:0DB8:0:0::0001", "2001:db8::1"},
      {"::", "::"},
  };
  for (const auto& e : table) {
    CAPTURE(e.text);
    auto parsed = parse_ip_address(e.text);
    REQUIRE(parsed);
    CHECK(to_text(*parsed) == e.expected);
  }
}

TEST_CASE("an invalid address is none") {
  for (auto text : {"", " 1.2.3.4", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4:80",
                    "[::1]", ":::", "1::2::3", "g::", "localhost", "unknown", "fe80::1%eth0"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_ip_address(text));
  }
  CHECK_FALSE(parse_ip_address(std::string_view("1.2.3.4\0.5", 10)));
}

// -- networks ------------------------------------------------------------------------------------

TEST_CASE("a network contains the addresses that begin with its bits") {
  CHECK(holds("10.0.0.0/8", "10.255.0.1"));
  CHECK_FALSE(holds("10.0.0.0/8", "11.0.0.1"));
  CHECK(holds("192.168.4.0/22", "192.168.7.255"));
  CHECK_FALSE(holds("192.168.4.0/22", "192.168.8.0"));
  CHECK(holds("127.0.0.1", "127.0.0.1"));
  CHECK_FALSE(holds("127.0.0.1", "127.0.0.2"));
  CHECK(holds("1.2.3.4/32", "1.2.3.4"));
  CHECK_FALSE(holds("1.2.3.4/31", "1.2.3.6"));
  CHECK(holds("fd00::/8", "fdff::1"));
  CHECK_FALSE(holds("fd00::/8", "fc00::1"));
  CHECK(holds("2001:db8::/33", "2001:db8:7fff::"));
  CHECK_FALSE(holds("2001:db8::/33", "2001:db8:8000::"));
  CHECK(holds("::1/128", "::1"));
  CHECK_FALSE(holds("::1", "::2"));
}

TEST_CASE("all of IPv4 is not all of IPv6") {
  CHECK(holds("0.0.0.0/0", "255.255.255.255"));
  CHECK_FALSE(holds("0.0.0.0/0", "2001:db8::1"));
  CHECK(holds("::/0", "2001:db8::1"));
  CHECK_FALSE(holds("::/0", "1.2.3.4"));
  CHECK_FALSE(holds("::/95", "1.2.3.4"));
}

TEST_CASE("an IPv4 network may be spelled as IPv6") {
  CHECK(networks("::ffff:10.0.0.0/104") == networks("10.0.0.0/8"));
  CHECK(networks("::ffff:127.0.0.1") == networks("127.0.0.1"));
  CHECK(holds("10.0.0.0/8", "::ffff:10.1.2.3"));
  CHECK(holds("::ffff:0:0/96", "1.2.3.4"));
}

TEST_CASE("bits after the prefix do not matter") {
  CHECK(networks("10.1.2.3/8") == networks("10.0.0.0/8"));
  CHECK(networks("2001:db8::ffff/64") == networks("2001:db8::/64"));
}

TEST_CASE("networks are separated by commas") {
  CHECK(networks("").empty());
  CHECK(networks("  ").empty());
  CHECK(networks("127.0.0.1,10.0.0.0/8 , ::1,").size() == 3);
}

TEST_CASE("an invalid network is refused, and quoted") {
  for (auto text :
       {"localhost", "10.0.0.0/33", "::/129", "10.0.0.0/", "/8", "10.0.0.0/-1", "10.0.0.0/+8",
        "10.0.0.0/8x", "10.0.0.0/8/8", "10.0.0.0/4294967304", "10.0.0.0 /8", "10.0.0.0/255.0.0.0",
        "10.0.0", "fe80::1%eth0", "[::1]", "1.2.3.4 5.6.7.8", "*"}) {
    CAPTURE(text);
    auto parsed = parse_networks("127.0.0.1, " + std::string{text} + ", ::1");
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error() == "`" + std::string{text} +
                                "` is not an address or a network such as `127.0.0.1`, "
                                "`10.0.0.0/8` or `fd00::/8`");
  }
}

// -- the client ----------------------------------------------------------------------------------

TEST_CASE("a peer that is not trusted is the client, whatever it claims") {
  CHECK(client("203.0.113.7", "198.51.100.1") == "203.0.113.7");
  CHECK(client("203.0.113.7", "") == "203.0.113.7");
  CHECK(client("2001:db8::7", "10.0.0.1") == "2001:db8::7");
  CHECK(client_address("127.0.0.1", "198.51.100.1", {}) == "127.0.0.1");
}

TEST_CASE("behind trusted proxies the client is the last one that is not trusted") {
  struct entry {
    const char* forwarded_for;
    const char* expected;
  };
  const entry table[] = {
      {"198.51.100.1", "198.51.100.1"},
      {"1.1.1.1, 198.51.100.1", "198.51.100.1"},
      {"1.1.1.1, 198.51.100.1, 10.0.0.3,10.0.0.2", "198.51.100.1"},
      {"127.0.0.1, 198.51.100.1", "198.51.100.1"},
      {"198.51.100.1, fd00::5, ::ffff:10.0.0.2", "198.51.100.1"},
      {"2001:DB8::0:1", "2001:db8::1"},
      {"::ffff:198.51.100.1", "198.51.100.1"},
      {"198.51.100.1,,  ,", "198.51.100.1"},
  };
  for (const auto& e : table) {
    CAPTURE(e.forwarded_for);
    CHECK(client("127.0.0.1", e.forwarded_for) == e.expected);
    CHECK(client("::ffff:127.0.0.1", e.forwarded_for) == e.expected);
    CHECK(client("::1", e.forwarded_for) == e.expected);
  }
}

TEST_CASE("entries may have ports, brackets and quotes") {
  CHECK(client("::1", "1.2.3.4:5678") == "1.2.3.4");
  CHECK(client("::1", "[2001:db8::1]:4711") == "2001:db8::1");
  CHECK(client("::1", "[2001:db8::1]") == "2001:db8::1");
  CHECK(client("::1", "\"[2001:db8::1]:4711\"") == "2001:db8::1");
  CHECK(client("::1", "\"1.2.3.4\"") == "1.2.3.4");
  CHECK(client("::1", "1.2.3.4, 10.0.0.2:65535") == "1.2.3.4");
  CHECK(client("::1", "2001:db8::1%eth0") == "2001:db8::1");
}

TEST_CASE("if there is nobody else the client is the farthest trusted proxy") {
  CHECK(client("127.0.0.1", "") == "127.0.0.1");
  CHECK(client("127.0.0.1", " , ") == "127.0.0.1");
  CHECK(client("127.0.0.1", "10.0.0.9, 10.0.0.2") == "10.0.0.9");
}

TEST_CASE("an invalid entry ends the walk") {
  for (auto text : {"unknown", "_hidden", "1.2.3.4:", "1.2.3.4:port", "1.2.3.4:65536", "1.2.3.4:-1",
                    "[2001:db8::1", "[2001:db8::1]4711", "[2001:db8::1]:", "[]", "[", "\"", "\"\"",
                    "\"1.2.3.44", "1.2.3.4 5.6.7.8", "for=1.2.3.4", ":80", "1.2.3.4]"}) {
    CAPTURE(text);
    CHECK(client("127.0.0.1", text) == "127.0.0.1");
    CHECK(client("127.0.0.1", "1.2.3.4, " + std::string{text} + ", 10.0.0.2") == "10.0.0.2");
  }
}

TEST_CASE("an invalid peer address stays as it is") {
  CHECK(client("", "1.2.3.4") == "");
  CHECK(client("unix:", "1.2.3.4") == "unix:");
  CHECK(client("fe80::1%eth0", "") == "fe80::1");
}

TEST_CASE("several fields of a request are one list") {
  request r;
  r.peer = "127.0.0.1";
  auto trusted = networks("127.0.0.1, 10.0.0.0/8");
  CHECK(client_address(r, trusted) == "127.0.0.1");
  r.headers = {{"X-Forwarded-For", "1.1.1.1"},
               {"Host", "9.9.9.9"},
               {"x-forwarded-for", "198.51.100.1, 10.0.0.2"},
               {"X-FORWARDED-FOR", "10.0.0.3"}};
  CHECK(client_address(r, trusted) == "198.51.100.1");
  CHECK(client_address(r, {}) == "127.0.0.1");
}

TEST_CASE("IPv6 addresses are counted by their /64 network") {
  CHECK(rate_key("1.2.3.4") == "1.2.3.4");
  CHECK(rate_key("::ffff:1.2.3.4") == "1.2.3.4");
  CHECK(rate_key("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64");
  CHECK(rate_key("2001:db8:1:2::") == rate_key("2001:db8:1:2:ffff:ffff:ffff:ffff"));
  CHECK(rate_key("2001:db8:1:3::") != rate_key("2001:db8:1:2::"));
  CHECK(rate_key("fe80::1%eth0") == "fe80::/64");
  CHECK(rate_key("not an address") == "not an address");
}
