#include "actors/store/response_record.hpp"

namespace nekod {

std::string items_json(const std::vector<stored_item>& items) {
  std::string out;
  for (const auto& i : items)
    out.append(out.empty() ? "[" : ",").append(i.json);
  return out.empty() ? out : out + ']';
}

} // namespace nekod
