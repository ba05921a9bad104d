#include "http/server/api/waiting.hpp"

#include "actors/runtime/ids.hpp"
#include "http/server/api/common_answers.hpp"
#include "http/server/message/path.hpp"
#include "protocol/sessions/health.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace nekod::http {

namespace {

void respond_health(exchange& x, const std::string& id, std::uint16_t status, std::string body) {
  auto headers = common_fields(id);
  headers.emplace_back("Content-Type", "application/json");
  x.respond(status, std::move(headers), std::move(body));
}

} // namespace

void answer_waiting(exchange& x, language lang) {
  const auto path = endpoint_path(x.req().path);
  const auto id = make_id("req_");
  x.notes().request_id = id;
  if (path == "/health/live")
    respond_health(x, id, 200, alive_json());
  else if (path == "/health/ready")
    respond_health(x, id, 503, readiness_json({"store_unavailable"}));
  else
    respond_error(x, chat::retry_soon(chat::failure_code::store_unavailable), lang, id);
}

} // namespace nekod::http
