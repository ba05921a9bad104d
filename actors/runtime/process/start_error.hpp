#pragma once

#include <stdexcept>
#include <string>
#include <system_error>

namespace nekod {

/// Exit codes for a program that cannot start. A service manager restarts it after `passing`, but
/// not after `setting`.
namespace exit_code {
/// The cause may go away: a full disk, a port or file in use, no memory.
inline constexpr int passing = 1;
/// A setting, or the file it names, is wrong: only a person can change that.
inline constexpr int setting = 2;
} // namespace exit_code

/// Why the program ends before it has begun.
struct exit_request {
  int code = 0;
  /// For standard output if *code* is 0, else for standard error.
  std::string text;
};

/// The exit code for an error of the system (errno): `setting` if the path or address itself is
/// wrong, such as a file that does not exist or may not be read.
int exit_code_of(const std::error_code& why) noexcept;

/// Why nekod cannot start.
class start_error : public std::runtime_error {
public:
  start_error(int code, const std::string& text) : std::runtime_error(text), code_(code) {}

  /// One of `exit_code`.
  int code() const noexcept { return code_; }

private:
  int code_;
};

} // namespace nekod
