#pragma once

#include <spdlog/sinks/sink.h>
#include <sys/types.h>

#include <atomic>
#include <memory>
#include <string>
#include <system_error>

namespace nekod {

/// A log file that goes over to another one at 10 MB, of which ten are kept, and that can be opened
/// again after somebody moved it away. For one thread at a time, but for `reopen`.
class log_file : public spdlog::sinks::sink {
public:
  /// Opens *path*, with the folders on the way to it.
  /// @throws std::system_error where it cannot be written.
  explicit log_file(std::string path);

  /// Has the next line go to the file that has the path then. Where there is none, one is made with
  /// the mode of the last one. Any thread may call this.
  void reopen() noexcept { reopen_ = true; }

  /// @throws std::system_error where the file cannot be opened again; the line goes to the last
  /// one.
  void log(const spdlog::details::log_msg& message) override;
  void flush() override;
  void set_pattern(const std::string& pattern) override;
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override;

private:
  void open();

  std::string path_;
  /// Of the file, once it was opened; what the umask leaves by default.
  mode_t mode_ = 0666;
  std::atomic<bool> reopen_{false};
  std::unique_ptr<spdlog::formatter> formatter_;
  std::unique_ptr<spdlog::sinks::sink> file_;
};

} // namespace nekod
