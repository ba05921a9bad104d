#pragma once

#include <spdlog/sinks/sink.h>
#include <sys/types.h>

#include <atomic>
#include <memory>
#include <string>
#include <system_error>

namespace nekod {

/// A log file that rotates at 10 MB, of which ten are kept, and that can be opened again after
/// somebody has moved it. For one thread at a time, except `reopen`.
class log_file : public spdlog::sinks::sink {
public:
  /// Opens *path*, and creates the folders above it.
  /// @throws std::system_error if it cannot be written.
  explicit log_file(std::string path);

  /// Makes the next line go to the file that is at the path then. If there is none, it is created
  /// with the mode of the last one. Thread-safe.
  void reopen() noexcept { reopen_ = true; }

  /// @throws std::system_error if the file cannot be opened again; the line goes to the last one.
  void log(const spdlog::details::log_msg& message) override;
  void flush() override;
  void set_pattern(const std::string& pattern) override;
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override;

private:
  void open();

  std::string path_;
  /// The mode of the file that was opened; at first what the umask leaves.
  mode_t mode_ = 0666;
  std::atomic<bool> reopen_{false};
  std::unique_ptr<spdlog::formatter> formatter_;
  std::unique_ptr<spdlog::sinks::sink> file_;
};

} // namespace nekod
