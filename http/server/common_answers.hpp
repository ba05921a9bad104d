#pragma once

#include "http/server/exchange.hpp"
#include "protocol/openai/errors.hpp"

#include <string>

/// What answers of all endpoints have in common.
namespace nekod::http {

/// Header fields that every answer carries: who may read it, and the request's id.
fields common_fields(const std::string& request_id);

/// Answers *x* with an error.
void respond_error(exchange& x, const openai::error& e, openai::language lang,
                   const std::string& request_id);

} // namespace nekod::http
