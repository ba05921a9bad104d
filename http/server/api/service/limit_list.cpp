#include "http/server/api/service/limit_list.hpp"

#include <string_view>

namespace nekod::http {

void append_limits(std::string& out, const std::vector<limit_standing>& limits) {
  out += '[';
  std::string_view separator;
  for (const auto& limit : limits) {
    out.append(separator).append(R"({"on":")").append(limit.on);
    out += R"(","count":)" + std::to_string(limit.count);
    out += R"(,"seconds":)" + std::to_string(limit.period.count());
    out += R"(,"left":)" + std::to_string(limit.left) + "}";
    separator = ",";
  }
  out += ']';
}

} // namespace nekod::http
