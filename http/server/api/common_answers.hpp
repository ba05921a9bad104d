#pragma once

#include "http/server/message/exchange.hpp"
#include "protocol/openai/errors.hpp"

#include <string>
#include <string_view>

/// Parts that the answers of all endpoints share.
namespace nekod::http {

/// The header fields of every answer: the request's id.
fields common_fields(const std::string& request_id);

/// Header fields that let pages of *origin* read an answer in a browser; `*` is all pages.
fields cors_fields(std::string_view origin);

/// Answers *x* with an error.
void respond_error(exchange& x, const chat::failure& e, language lang,
                   const std::string& request_id);

} // namespace nekod::http
