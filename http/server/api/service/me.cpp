#include "http/server/api/service/me.hpp"

#include "http/server/api/request_context.hpp"
#include "protocol/text/json_strings.hpp"

#include <string>
#include <string_view>

namespace nekod::http {

namespace {

void append_limits(std::string& out, const std::vector<limit_standing>& limits) {
  std::string_view separator;
  for (const auto& limit : limits) {
    out.append(separator).append(R"({"on":")").append(limit.on);
    out += R"(","count":)" + std::to_string(limit.count);
    out += R"(,"seconds":)" + std::to_string(limit.period.count());
    out += R"(,"left":)" + std::to_string(limit.left) + "}";
    separator = ",";
  }
}

} // namespace

void answer_me(const request_context& c) {
  const auto& gate = *c.api.options.gate;
  auto word = [](bool b) { return b ? "true" : "false"; };
  std::string out = R"({"tenant":)";
  if (c.who.tenant.empty())
    out += "null";
  else
    json::append_quoted(out, c.who.tenant);
  out += R"(,"admin":)";
  out += word(c.who.admin && !gate.is_open());
  out += R"(,"keys":)";
  out += word(!gate.is_open());
  out += R"(,"operations":)";
  out += word(c.who.admin);
  out += R"(,"texts":)";
  out += word(c.api.options.keeps_texts);
  out += R"(,"version":)";
  json::append_quoted(out, c.api.options.version);
  out += R"(,"limits":[)";
  append_limits(out, gate.standing_of(c.who));
  out += "]}";
  c.respond_json(200, std::move(out));
}

} // namespace nekod::http
