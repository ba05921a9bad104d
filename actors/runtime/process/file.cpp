#include "actors/runtime/process/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace nekod {

namespace {

std::error_code last_error() { return {errno, std::generic_category()}; }

/// A descriptor that closes itself.
class open_file {
public:
  explicit open_file(const std::string& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~open_file() {
    if (descriptor_ >= 0)
      ::close(descriptor_);
  }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;

  int descriptor() const noexcept { return descriptor_; }

private:
  int descriptor_;
};

} // namespace

result<std::string, std::error_code> read_file(const std::string& path) {
  open_file file{path};
  if (file.descriptor() < 0)
    return last_error();
  std::string text;
  std::array<char, 16384> block{};
  for (;;) {
    auto size = ::read(file.descriptor(), block.data(), block.size());
    if (size < 0 && errno != EINTR)
      return last_error();
    if (size == 0)
      return text;
    if (size > 0)
      text.append(block.data(), static_cast<std::size_t>(size));
  }
}

} // namespace nekod
