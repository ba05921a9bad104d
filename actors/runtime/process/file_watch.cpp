#include "actors/runtime/process/file_watch.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <system_error>

namespace nekod {

void file_watch::add(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) == 0)
    files_.push_back({path, about.st_dev, about.st_ino});
}

std::optional<std::string> file_watch::problem() const {
  for (const auto& f : files_) {
    struct stat about {};
    if (::stat(f.path.c_str(), &about) != 0)
      return f.path + " is gone: " + std::generic_category().message(errno);
    if (about.st_dev != f.device || about.st_ino != f.number)
      return f.path + " was replaced by another file";
  }
  return std::nullopt;
}

} // namespace nekod
