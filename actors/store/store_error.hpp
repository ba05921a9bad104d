#pragma once

#include <stdexcept>
#include <string>

namespace nekod {

/// Why a store cannot be used: a file or a database.
class store_error : public std::runtime_error {
public:
  store_error(const std::string& text, bool may_pass)
      : std::runtime_error(text), may_pass_(may_pass) {}

  /// Whether it may become usable without anybody repairing it or changing a setting, for example
  /// if the disk is full, another process holds the file, or no server answers.
  bool may_pass() const noexcept { return may_pass_; }

private:
  bool may_pass_;
};

} // namespace nekod
