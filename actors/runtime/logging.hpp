#pragma once

#include "actors/runtime/log_file.hpp"
#include "config.hpp"

#include <spdlog/logger.h>

#include <memory>
#include <string>

namespace nekod {

/// The two logs of the program, with common destinations: standard error, and a file if one is set.
/// Nobody waits for a line to be written. The program's own lines go through spdlog's default
/// logger.
class logs {
public:
  /// Opens them, and makes the program's log the default one.
  /// @throws start_error that names the file, if it cannot be written.
  explicit logs(const settings& s);

  /// Waits a little for the last lines.
  ~logs();

  logs(const logs&) = delete;
  logs& operator=(const logs&) = delete;

  /// Opens the file again with the next line, since it may have been moved.
  void reopen();

  /// Applies the log level of *s*.
  void use(const settings& s);

  /// One line per request: in text as it is, in JSON as members of the line's object.
  spdlog::logger& requests() noexcept { return *requests_; }

  /// Waits a little until all lines are written.
  void finish();

private:
  /// Null if there is none.
  std::shared_ptr<log_file> file_;
  std::shared_ptr<spdlog::logger> program_;
  std::shared_ptr<spdlog::logger> requests_;
};

} // namespace nekod
