#pragma once

#include "actors/runtime/logs/log_file.hpp"

#include <spdlog/logger.h>

#include <memory>
#include <string>

namespace nekod {

/// The targets and the format of log lines.
struct log_options {
  /// A file in addition to standard error, or a folder for one named *file_name*: a path that ends
  /// in `.log` is a file. Empty for standard error alone.
  std::string path;
  std::string file_name;
  /// The setting that *path* came from, for an error.
  std::string path_setting;
  bool as_json = false;
  /// The least severe level that is logged, as spdlog names it.
  std::string level;
};

/// The two logs of the program, which share their targets: standard error, and a file if there is
/// one. A thread of its own writes the lines, so that callers do not wait. Lines of the program
/// itself go through spdlog's default logger.
class logs {
public:
  /// Opens both, and makes the program's log the default one.
  /// @throws start_error that names setting and file, if the file cannot be written.
  explicit logs(const log_options& o);

  /// Waits a little until the last lines are written.
  ~logs();

  logs(const logs&) = delete;
  logs& operator=(const logs&) = delete;

  /// Opens the file again before the next line, because log rotation may have moved it.
  void reopen();

  void set_level(const std::string& level);

  /// For one line per request. With JSON, a message is the members of the line's object.
  spdlog::logger& requests() noexcept { return *requests_; }

  /// Waits a little until all lines are written.
  void finish();

private:
  /// Null for standard error alone.
  std::shared_ptr<log_file> file_;
  std::shared_ptr<spdlog::logger> program_;
  std::shared_ptr<spdlog::logger> requests_;
};

} // namespace nekod
