#pragma once

#include "protocol/chat/failure.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

/// The meaning of failures of OpenAI-compatible servers. Servers word them differently, so status,
/// code, type and phrases are used together.
namespace nekod::openai {

/// The error that our client gets for a failure.
///
/// A refusal of the account (401, 402, 403, billing) is `upstream_auth_failed` with the server's
/// message. Client errors, and a 5xx with a reason, keep the server's words and status. Everything
/// else gets our words.
/// @param status The response's; 0 for a failure within a stream, which may contain a status
/// itself.
chat::failure failure_of(std::uint16_t status, std::optional<chat::foreign_words> words);

/// Whether the server refuses because the account has no money left: `insufficient_quota`, or a
/// code or type that begins with `billing`.
bool is_out_of_money(const chat::foreign_words& w);

/// Whether the server is still loading its model and will soon be ready: a 503 whose body says so,
/// in JSON, text or a web page.
bool says_it_loads(std::uint16_t status, std::string_view body);

/// Whether *body* is an error object, a JSON object or list with a message; then its server is
/// alive.
bool is_error_object(std::string_view body);

} // namespace nekod::openai
