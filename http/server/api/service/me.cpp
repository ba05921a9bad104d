#include "http/server/api/service/me.hpp"

#include "http/server/api/cluster/shared_limits.hpp"
#include "http/server/api/request_context.hpp"
#include "http/server/api/service/limit_list.hpp"
#include "protocol/text/json_strings.hpp"

#include <string>
#include <utility>

namespace nekod::http {

namespace {

void show_me(const request_context& c) {
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
  out += R"(,"limits":)";
  append_limits(out, gate.standing_of(c.who));
  out += '}';
  c.respond_json(200, std::move(out));
}

} // namespace

void answer_me(const request_context& c) {
  // Takes nothing: only to know what all nodes have counted.
  ask_all_nodes(c, c.api.options.gate->limit_request_of(c.who, 0, 0),
                [c](const auto& /*refusal*/) { show_me(c); });
}

} // namespace nekod::http
