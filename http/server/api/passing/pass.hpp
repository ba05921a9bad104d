#pragma once

#include "http/server/api/passing/pass_paths.hpp"
#include "http/server/gate/admission.hpp"
#include "http/server/message/exchange.hpp"

/// Requests that pass through to an upstream unchanged.
namespace nekod::http {

struct request_context;
struct route_options;

/// Whether *who* may pass *r* to *target*.
bool may_pass(const route_options& options, const pass_target& target, const caller& who,
              const request& r);

void answer_pass(const request_context& c);

} // namespace nekod::http
