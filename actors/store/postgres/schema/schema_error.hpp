#pragma once

#include <stdexcept>
#include <string>

namespace nekod::postgres {

/// Why a database cannot be used.
class schema_error : public std::runtime_error {
public:
  schema_error(const std::string& text, bool may_pass)
      : std::runtime_error(text), may_pass_(may_pass) {}

  /// Whether it may succeed later without anybody changing a setting: no server answers.
  bool may_pass() const noexcept { return may_pass_; }

private:
  bool may_pass_;
};

} // namespace nekod::postgres
