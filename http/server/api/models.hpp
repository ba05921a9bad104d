#pragma once

namespace nekod::http {

struct request_context;

/// `GET /v1/models`; with `?refresh=true` the upstreams are asked for their models first.
void answer_models(const request_context& c);

/// `GET /v1/models/{id}`.
void answer_model(const request_context& c);

} // namespace nekod::http
