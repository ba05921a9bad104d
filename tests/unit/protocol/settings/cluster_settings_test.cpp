#include "protocol/settings/cluster_settings.hpp"

#include <doctest/doctest.h>

using namespace nekod;

TEST_CASE("an address of a node has a host and a port") {
  const auto name = parse_node_address("db-1.example.com:7800");
  REQUIRE(name);
  CHECK(name->host == "db-1.example.com");
  CHECK(name->port == 7800);
  const auto six = parse_node_address("[fd00::1]:0");
  REQUIRE(six);
  CHECK(six->host == "fd00::1");
  CHECK(six->port == 0);
  for (const auto* wrong : {"", ":1", "a", "a:", "a:b", "a:65536", "a:-1", "a:1 ", "a/b:1",
                            "::1:80", "[]:1", "http://a:1", "a b:1", "u@a:1"})
    CHECK_MESSAGE(!parse_node_address(wrong), wrong);
}

TEST_CASE("a cluster needs a shared store, a secret, and an address that others reach") {
  const std::string secret(16, 's');
  CHECK(contradiction_in({}, false).empty());
  CHECK(contradiction_in({{}, {}, secret}, false).empty());
  CHECK(contradiction_in({"10.0.0.1:7800", {}, secret}, true).empty());
  CHECK(contradiction_in({"0.0.0.0:7800", "one:7800", secret}, true).empty());
  CHECK(contradiction_in({"10.0.0.1:7800", {}, secret}, false).find("--store") !=
        std::string::npos);
  CHECK(contradiction_in({"10.0.0.1:7800", {}, "short"}, true).find("--cluster-secret") !=
        std::string::npos);
  CHECK(!contradiction_in({"10.0.0.1:7800", {}, secret + "\n"}, true).empty());
  CHECK(!contradiction_in({"0.0.0.0:7800", {}, secret}, true).empty());
  CHECK(!contradiction_in({"[::]:7800", {}, secret}, true).empty());
  CHECK(!contradiction_in({"0.0.0.0:7800", "one:0", secret}, true).empty());
  CHECK(!contradiction_in({"0.0.0.0:7800", "0.0.0.0:1", secret}, true).empty());
  CHECK(!contradiction_in({{}, "one:1", secret}, true).empty());
}
