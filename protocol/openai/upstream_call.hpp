#pragma once

#include "protocol/openai/errors.hpp"
#include "protocol/openai/request.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What an OpenAI-compatible server is asked, and what its small answers say. Such servers differ,
/// so these are read leniently.
namespace nekod::openai {

/// The body of a call to `/chat/completions`: what *r* asked for, known to us or not, as it was
/// written; but with another model and other messages, and without what is between us and our
/// client.
/// @param messages A JSON array.
std::string upstream_body(const chat_request& r, std::string_view model, std::string_view messages);

/// What our client is told of a failure: the server's words where it is the client's matter.
/// @param status The response's; 0 for a failure within a stream, which may name one itself.
error failure_of(std::uint16_t status, std::optional<foreign_words> words);

} // namespace nekod::openai
