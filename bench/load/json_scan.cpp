#include "bench/load/json_scan.hpp"

#include <string.h>

namespace nekod::load {

std::size_t find_word(std::string_view text, std::string_view what, std::size_t from) {
  const auto* at = memmem(text.data() + from, text.size() - from, what.data(), what.size());
  return at == nullptr ? text.npos
                       : static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
}

std::size_t string_end(std::string_view text, std::size_t begin) {
  for (auto at = text.find('"', begin); at != text.npos; at = text.find('"', at + 1)) {
    auto before = at;
    while (before > begin && text[before - 1] == '\\')
      --before;
    if ((at - before) % 2 == 0)
      return at;
  }
  return text.npos;
}

} // namespace nekod::load
