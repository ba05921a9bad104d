#pragma once

#include "bench/simulator/calls.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace nekod::sim {

/// Kinds of wrong use of the service.
enum class violation_kind : std::uint8_t {
  /// A message to a chat whose reply was still streaming.
  overlap,
  unknown_chat,
  /// A message to a chat whose last reply waits for a choice.
  unchosen,
  bad_token,
  bad_request,
};

/// The kind's name in reports.
std::string_view name_of(violation_kind k) noexcept;

/// One wrong use.
struct violation {
  violation_kind kind = violation_kind::bad_request;
  /// Empty if no chat is concerned.
  std::string chat_id;
  std::string path;
};

/// Counts of calls, and violations, of which the first hundred are kept.
struct usage_counts {
  std::array<std::uint64_t, api_call_count> calls{};
  std::uint64_t violation_count = 0;
  std::vector<violation> violations;
};

/// Counts uses. Thread-safe.
class usage {
public:
  void count(api_call c);
  void report(violation v);
  void reset();
  usage_counts counts() const;

private:
  mutable std::mutex mutex_;
  usage_counts counts_;
};

} // namespace nekod::sim
