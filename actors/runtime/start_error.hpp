#pragma once

#include <stdexcept>
#include <string>
#include <system_error>

namespace nekod {

/// What the program ends with when it cannot start. A service manager starts it again after
/// `passing`, and leaves it after `setting`.
namespace exit_code {
/// Something that may be over soon: a full disk, a port or file in use, no memory.
inline constexpr int passing = 1;
/// A setting is wrong, or the file it names: only a person can change that.
inline constexpr int setting = 2;
} // namespace exit_code

/// The exit code for a reason of the system's (errno): `setting` where the path or address itself
/// will not do, such as a file that is not there or may not be read.
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
