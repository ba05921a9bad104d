#pragma once

#include <cstddef>
#include <string_view>

namespace nekod::json {

/// Detects when a text that arrives in pieces is a complete JSON object or array.
class progress {
public:
  void take(std::string_view piece) noexcept;
  bool complete() const noexcept { return begun_ && depth_ == 0; }

private:
  std::size_t depth_ = 0;
  bool begun_ = false;
  bool in_string_ = false;
  bool escaped_ = false;
};

} // namespace nekod::json
