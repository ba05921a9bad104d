#pragma once

#include "bench/load/options.hpp"

#include <string>
#include <string_view>

namespace nekod::load {

/// Writes the requests of one run as bytes; the parts they share are made only once.
class post_writer {
public:
  explicit post_writer(const options& o);

  /// A POST to *path* below the base address.
  std::string post(std::string_view path, std::string_view content_type,
                   std::string_view body) const;

private:
  std::string base_;
  std::string fields_;
};

} // namespace nekod::load
