#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace nekod::http {

/// A stream of events that can be ended after any of them, wherever its bytes break off. Pure.
class whole_events {
public:
  /// @param after The number of the last event that the client has; -1 for none.
  explicit whole_events(std::int64_t after = -1) : last_(after) {}

  /// Takes the next bytes.
  /// @returns those that are ready: they end with an event, or a comment.
  std::string take(std::string_view bytes);

  /// How many bytes wait for the rest of their event.
  std::size_t waiting() const noexcept { return rest_.size(); }

  /// The number of the last event that was ready, as the Responses API numbers them.
  std::int64_t last_number() const noexcept { return last_; }

private:
  void note_number(std::string_view events);

  std::string rest_;
  std::int64_t last_;
};

} // namespace nekod::http
