#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nekod::sim {

/// The simulator's options; all except the address can be changed at run time.
struct options {
  /// Whether calls with *key* are accepted.
  bool takes(std::string_view key) const noexcept;

  std::string host = "127.0.0.1";
  /// 0 lets the system pick one.
  std::uint16_t port = 0;
  /// The account tokens that calls must have, separated by commas; if empty, any is accepted.
  std::string token;
  /// Files of a certificate and its key, for TLS; empty for plain HTTP.
  std::string certificate;
  std::string key;
  std::vector<std::string> models{"Orange Cat", "Exotic Shorthair"};
  /// From a message to the reply's first event.
  std::chrono::milliseconds first_delay{0};
  /// Between two events of a reply; 0 sends as fast as the peer reads.
  std::chrono::milliseconds delay{0};
  /// Pieces of text in a reply; 0 lets the story decide.
  std::uint32_t tokens = 0;
  /// Alternative answers to each message; a choice is required in any case.
  std::uint32_t branches = 1;
  /// Whether events have `event:` lines, as in newer versions of the service.
  bool named_events = false;
};

} // namespace nekod::sim
