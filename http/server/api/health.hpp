#pragma once

/// The endpoints for monitors, about nekod itself.
namespace nekod::http {

struct request_context;

/// `GET /health`: always 200, with the manual's body.
void answer_health(const request_context& c);

/// `GET /health/live`: 200 while the process works.
void answer_liveness(const request_context& c);

/// `GET /health/ready`: 200, or 503 with the reasons why turns cannot be answered.
void answer_readiness(const request_context& c);

/// `GET /metrics`, in the text format of Prometheus.
void answer_metrics(const request_context& c);

/// `GET /openapi.json`.
void answer_openapi(const request_context& c);

} // namespace nekod::http
