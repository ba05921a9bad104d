#include "http/server/api/health.hpp"

#include "http/server/api/common_answers.hpp"
#include "http/server/api/openapi.hpp"
#include "http/server/api/request_context.hpp"
#include "protocol/sessions/health.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace nekod::http {

void answer_health(const request_context& c) {
  c.respond_json(200, health_json(std::chrono::system_clock::now(), c.api.options.version));
}

void answer_liveness(const request_context& c) { c.respond_json(200, alive_json()); }

void answer_readiness(const request_context& c) {
  if (c.api.leaving)
    return c.respond_json(503, readiness_json({"draining"}));
  c.ask<readiness>(
      [](const request_context& asked, const readiness& r) {
        asked.respond_json(r.reasons.empty() ? 200 : 503,
                           readiness_json(r.reasons, r.upstreams, r.lacks_shared_store));
      },
      atom::ready_v);
}

void answer_metrics(const request_context& c) {
  if (auto refusal = c.api.options.gate->watch_refusal(c.who, c.req()))
    return c.refuse(*refusal);
  auto headers = common_fields(c.request_id);
  headers.emplace_back("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  c.x->respond(200, std::move(headers), c.api.options.metrics_text());
}

void answer_openapi(const request_context& c) {
  c.respond_json(200, std::string{openapi_document()});
}

} // namespace nekod::http
