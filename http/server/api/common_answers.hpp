#pragma once

#include "http/server/message/exchange.hpp"
#include "protocol/openai/errors.hpp"

#include <string>
#include <string_view>

/// What answers of all endpoints have in common.
namespace nekod::http {

/// Header fields that every answer is given: the request's id.
fields common_fields(const std::string& request_id);

/// Header fields by which a browser lets pages of *origin* read an answer; `*` is all pages.
fields cors_fields(std::string_view origin);

/// Answers *x* with an error.
void respond_error(exchange& x, const openai::error& e, openai::language lang,
                   const std::string& request_id);

} // namespace nekod::http
