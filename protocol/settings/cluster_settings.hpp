#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The settings by which nodes that share a store reach each other. Pure.
namespace nekod {

struct cluster_settings {
  /// Where this node listens for the others, `HOST:PORT`; empty for nowhere.
  std::string address;
  /// The address under which the others reach it, if it differs.
  std::string advertise;
  /// The secret that nodes show each other.
  std::string secret;
};

/// A host and a port.
struct node_address {
  /// Without brackets.
  std::string host;
  std::uint16_t port = 0;
};

/// Reads `HOST:PORT`; an IPv6 address stands in brackets. Nothing if *text* has another form.
std::optional<node_address> parse_node_address(std::string_view text);

/// Why *text* cannot be such an address, in words that begin with "must"; empty if it can, or is
/// empty.
std::string node_address_problem(const std::string& text);

/// The contradiction among the settings, as a sentence; empty if there is none.
/// @param shares_store Whether the store can be shared with other nodes.
std::string contradiction_in(const cluster_settings& s, bool shares_store);

} // namespace nekod
