#pragma once

#include <cstddef>
#include <string>

namespace nekod::sim {

/// The events of one reply, in order, written when they are due.
class reply_events {
public:
  reply_events() = default;
  reply_events(const reply_events&) = default;
  reply_events& operator=(const reply_events&) = default;
  virtual ~reply_events() = default;

  /// The number of events.
  virtual std::size_t size() const noexcept = 0;

  /// Appends event *i* below `size()`.
  virtual void append(std::size_t i, std::string& out) const = 0;
};

} // namespace nekod::sim
