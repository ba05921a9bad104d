#include "http/server/api/cross_origin.hpp"

#include "http/server/api/common_answers.hpp"
#include "http/server/api/endpoint.hpp"
#include "http/server/api/request_context.hpp"
#include "protocol/text/words.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace nekod::http {

namespace {

/// The fields in which clients name a session.
constexpr std::string_view session_fields[] = {"X-Session-Id", "X-Nekod-Session"};

bool has_session_field(const request& r) {
  return std::any_of(std::begin(session_fields), std::end(session_fields),
                     [&](auto name) { return !r.header(name).empty(); });
}

/// Whether *names*, a list separated by commas, has one of them.
bool lists_session_field(std::string_view names) {
  while (!names.empty()) {
    auto comma = std::min(names.find(','), names.size());
    auto name = trim(names.substr(0, comma));
    if (std::any_of(std::begin(session_fields), std::end(session_fields),
                    [&](auto field) { return same_word(field, name); }))
      return true;
    names.remove_prefix(std::min(comma + 1, names.size()));
  }
  return false;
}

bool is_json(const request& r) {
  auto type = r.header("Content-Type");
  return same_word(trim(type.substr(0, type.find(';'))), "application/json");
}

/// Whether a page of another origin may send *r* to *where*, or ask whether it may.
bool is_shared(const admission& gate, const endpoint& where, const request& r) {
  if (!where.shared || gate.names_origins())
    return false;
  auto asks = r.method == "OPTIONS";
  auto method = asks ? r.header("Access-Control-Request-Method") : std::string_view{r.method};
  if (!where.takes(method))
    return false;
  if (method != "POST")
    return true;
  return asks ? !lists_session_field(r.header("Access-Control-Request-Headers"))
              : is_json(r) && !has_session_field(r);
}

} // namespace

std::optional<chat::failure> origin_refusal(const admission& gate, request_source source,
                                            const endpoint* where, const request& r) {
  if (where != nullptr) {
    if (source == request_source::unknown_host && where->any_host)
      return std::nullopt;
    if (source == request_source::foreign_page && is_shared(gate, *where, r))
      return std::nullopt;
  }
  return refusal_of(source, r, gate.names_origins());
}

fields origin_fields(const admission& gate, request_source source, const request& r, bool refused) {
  // A key is not a cookie: no page can use its visitor's, so all pages may read.
  if (!gate.is_open())
    return cors_fields("*");
  fields result;
  if (!refused && source == request_source::known_page)
    result = cors_fields(r.header("Origin"));
  else if (!refused && !gate.names_origins())
    result = cors_fields("*");
  result.emplace_back("Vary", "Origin"); // For caches.
  return result;
}

void answer_preflight(const request_context& c) {
  const auto& request = c.req();
  auto headers = common_fields(c.request_id);
  headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS");
  if (auto wanted = request.header("Access-Control-Request-Headers"); !wanted.empty())
    headers.emplace_back("Access-Control-Allow-Headers", wanted);
  headers.emplace_back("Access-Control-Max-Age", "86400");
  headers.emplace_back("Vary", "Origin, Access-Control-Request-Method, "
                               "Access-Control-Request-Headers");
  c.x->respond(204, std::move(headers), {});
}

} // namespace nekod::http
