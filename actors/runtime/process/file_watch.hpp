#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace nekod {

/// Detects whether files that are held open are still in their places: anything written to a file
/// is lost to the next run if the file, or its folder, was removed, moved or replaced.
class file_watch {
public:
  /// Records which file is at *path* now, if there is one.
  /// @param path Absolute.
  void add(const std::string& path);

  /// @returns why a file is no longer in its place: a sentence that names it.
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
