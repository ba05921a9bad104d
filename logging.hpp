#pragma once

#include "config.hpp"

#include <spdlog/logger.h>

#include <memory>
#include <optional>
#include <string>

namespace nekod {

/// The two logs of the program, which share where they go: standard error, and a file if one is
/// set. Lines of the program itself go through spdlog's default logger.
class logs {
public:
  /// Opens them, and makes the program's the default one.
  /// @throws std::runtime_error that names the file, where it cannot be written.
  explicit logs(const settings& s);

  /// Takes another level.
  void use(const settings& s);

  /// One line a request: in text as it is, in JSON as members of the line's object.
  spdlog::logger& requests() noexcept { return *requests_; }

  /// Writes to the file what waits in memory.
  void flush();

private:
  std::shared_ptr<spdlog::logger> program_;
  std::shared_ptr<spdlog::logger> requests_;
};

} // namespace nekod
