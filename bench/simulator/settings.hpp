#pragma once

#include "bench/simulator/options.hpp"
#include "protocol/result.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace nekod::sim {

/// Upper limits of settings and directives, so that the cost of a message is bounded.
struct setting_limits {
  static constexpr std::uint32_t tokens = 1'000'000;
  static constexpr std::uint32_t branches = 16;
  static constexpr std::uint32_t tool_calls = 16;
  static constexpr std::uint32_t delay_ms = 600'000;
};

/// The changeable options as a JSON object.
std::string to_json(const options& o);

/// *from* with the fields of a partial JSON object.
/// @returns a complaint for people if a field is wrong.
result<options, std::string> with_changes(options from, std::string_view body);

/// The current options. Thread-safe.
class settings {
public:
  explicit settings(options o) : now_(std::make_shared<const options>(std::move(o))) {}

  std::shared_ptr<const options> now() const;

  /// Applies a partial JSON object.
  /// @returns the new options, or a complaint for people.
  result<std::shared_ptr<const options>, std::string> change(std::string_view body);

private:
  mutable std::mutex mutex_;
  std::shared_ptr<const options> now_;
};

} // namespace nekod::sim
