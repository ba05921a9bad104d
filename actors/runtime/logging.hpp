#pragma once

#include "actors/runtime/log_file.hpp"
#include "config.hpp"

#include <spdlog/logger.h>

#include <memory>
#include <string>

namespace nekod {

/// The two logs of the program, which share where they go: standard error, and a file if one is
/// set. Nobody waits for a line to be written. Lines of the program itself go through spdlog's
/// default logger.
class logs {
public:
  /// Opens them, and makes the program's the default one.
  /// @throws start_error that names the file, where it cannot be written.
  explicit logs(const settings& s);

  /// Waits a little for the last lines.
  ~logs();

  logs(const logs&) = delete;
  logs& operator=(const logs&) = delete;

  /// Opens the file again with the next line: somebody may have moved it away.
  void reopen();

  /// Takes another level.
  void use(const settings& s);

  /// One line a request: in text as it is, in JSON as members of the line's object.
  spdlog::logger& requests() noexcept { return *requests_; }

  /// Waits a little until all lines are written.
  void finish();

private:
  /// Null where there is none.
  std::shared_ptr<log_file> file_;
  std::shared_ptr<spdlog::logger> program_;
  std::shared_ptr<spdlog::logger> requests_;
};

} // namespace nekod
