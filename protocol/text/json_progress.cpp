#include "protocol/text/json_progress.hpp"

#include <utility>

namespace nekod::json {

void progress::take(std::string_view piece) noexcept {
  for (const auto c : piece) {
    if (std::exchange(escaped_, false))
      continue;
    if (in_string_) {
      escaped_ = c == '\\';
      in_string_ = c != '"';
    } else if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      begun_ = true;
      ++depth_;
    } else if ((c == '}' || c == ']') && depth_ > 0) {
      --depth_;
    }
  }
}

} // namespace nekod::json
