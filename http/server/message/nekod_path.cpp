#include "http/server/message/nekod_path.hpp"

#include "protocol/text/words.hpp"

#include <algorithm>

namespace nekod::http {

std::string nekods_before(const request& r) {
  std::string list;
  for (const auto& [name, value] : r.headers) {
    if (!same_word(name, "x-nekod-via"))
      continue;
    list += list.empty() ? "" : ", ";
    list += value;
  }
  return list;
}

bool leads_back(std::string_view list, std::string_view instance) {
  std::size_t count = 0;
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    const auto id = trim(list.substr(0, comma));
    if ((!id.empty() && id == instance) || ++count > most_nekods)
      return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

} // namespace nekod::http
