#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace nekod::test {

/// A folder that is deleted with this object.
class temporary_folder {
public:
  temporary_folder() {
    auto name = (std::filesystem::temp_directory_path() / "nekod-unit-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;

  /// The path of a file in it.
  std::string file(const std::string& name) const { return (path_ / name).string(); }

private:
  std::filesystem::path path_;
};

inline std::string read_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

inline void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream{path, std::ios::binary} << bytes;
}

/// Makes what a process would find after a crash at this moment: a copy of a database's files.
/// @returns its path.
inline std::string copy_after_crash(const temporary_folder& folder, const std::string& database) {
  auto copy = folder.file("copy.db");
  for (const auto* part : {"", "-wal"})
    std::filesystem::copy_file(database + part, copy + part,
                               std::filesystem::copy_options::overwrite_existing);
  return copy;
}

} // namespace nekod::test
