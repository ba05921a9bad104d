#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace nekod {

/// Knows whether files that are held open are still where they were opened: what is written to one
/// that was removed, moved or replaced, or whose folder was, is lost to the next run.
class file_watch {
public:
  /// Notes which file is at *path* now. Nothing is noted where there is none.
  /// @param path Absolute.
  void add(const std::string& path);

  /// @returns why one of them is no longer in its place: a sentence that names it.
  std::optional<std::string> problem() const;

private:
  struct watched {
    std::string path;
    dev_t device = 0;
    ino_t number = 0;
  };

  std::vector<watched> files_;
};

} // namespace nekod
