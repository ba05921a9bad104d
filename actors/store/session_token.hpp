#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <utility>

namespace nekod {

/// Identifies one holder of a session.
struct session_token {
  session_token() = default;
  session_token(std::string n, std::uint64_t i) : node(std::move(n)), number(i) {}

  bool operator==(const session_token&) const = default;
  bool operator<(const session_token& other) const {
    return std::tie(node, number) < std::tie(other.node, other.number);
  }

  /// The random name of a run of nekod.
  std::string node;
  /// Counts the holders of that run.
  std::uint64_t number = 0;
};

} // namespace nekod
