#pragma once

#include "protocol/openai/errors.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

/// What the failures of OpenAI-compatible servers mean. Servers word them differently, so they are
/// told apart by status, code, type and phrases together.
namespace nekod::openai {

/// What our client is told of a failure.
///
/// A refusal of the account (401, 402, 403, billing) is `upstream_auth_failed` with the server's
/// message. What is the client's matter, and 5xx of a server that gives a reason, keep the server's
/// words and status. Everything else is told in our words.
/// @param status The response's; 0 for a failure within a stream, which may name one itself.
error failure_of(std::uint16_t status, std::optional<foreign_words> words);

/// Whether a server refuses since the account has no money left: `insufficient_quota`, or a code or
/// type that begins with `billing`.
bool is_out_of_money(const foreign_words& w);

/// Whether a response says that its server is still loading its model and will be ready soon: a 503
/// whose body says so, be it JSON, text or a page.
bool says_it_loads(std::uint16_t status, std::string_view body);

/// Whether *body* is an error object, so that the server that sent it is alive: a JSON object or
/// list with words in it.
bool is_error_object(std::string_view body);

} // namespace nekod::openai
