#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

namespace nekod::load {

/// The ways in which a request fails.
enum class fault_kind : std::uint8_t {
  /// No connection.
  connect,
  /// No bytes for too long.
  timeout,
  /// An HTTP status other than 200.
  status,
  /// The answer broke off, reported an error, or was not HTTP.
  broken,
  /// A complete answer that is incorrect.
  wrong,
  /// An open loop had no free client at any time after the intended start.
  not_started,
};

/// The kind's name in reports.
constexpr std::string_view name_of(fault_kind k) noexcept {
  switch (k) {
  case fault_kind::connect:
    return "connect";
  case fault_kind::timeout:
    return "timeout";
  case fault_kind::status:
    return "status";
  case fault_kind::broken:
    return "broken";
  case fault_kind::wrong:
    return "wrong";
  case fault_kind::not_started:
    return "not_started";
  }
  return "unknown";
}

/// Why one request failed. Equal faults are counted together, so they contain nothing that differs
/// between requests.
struct fault {
  fault_kind kind = fault_kind::broken;
  std::string detail;

  bool operator<(const fault& other) const {
    return std::tie(kind, detail) < std::tie(other.kind, other.detail);
  }
};

} // namespace nekod::load
