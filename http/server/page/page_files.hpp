#pragma once

#include <span>
#include <string_view>

namespace nekod::http {

/// A file of the web page, as the build has put it into the program.
struct page_file {
  std::string_view name;
  std::string_view plain;
  /// The same, compressed by gzip.
  std::string_view gzipped;
  /// Changes with the content.
  std::string_view hash;
};

/// All files of the page, by name; `index.html` is one of them.
std::span<const page_file> page_files();

/// Changes with any of the files: a segment of their paths.
std::string_view page_version() noexcept;

} // namespace nekod::http
