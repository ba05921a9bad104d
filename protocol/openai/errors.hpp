#pragma once

#include "protocol/chat/failure.hpp"
#include "protocol/text/language.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// Failures as errors of the OpenAI API: one table of statuses, types and texts.
namespace nekod::openai {

/// The HTTP status of *code*.
std::uint16_t status_of(chat::failure_code code) noexcept;

/// The HTTP status of *e*.
std::uint16_t status_of(const chat::failure& e) noexcept;

/// The `type` on the wire.
std::string_view type_of(chat::failure_code code) noexcept;

/// Whether the same request may succeed later; otherwise answers carry `x-should-retry: false`.
bool retriable(chat::failure_code code) noexcept;

/// The text for people: the sentence in the table, the field and the detail, as far as there are
/// any; or the upstream's text.
std::string message_of(const chat::failure& e, language lang);

/// `{"error":{"message","type","param","code"}}`, with the upstream's further members, if any: a
/// whole body, or the data of a stream's last event.
std::string to_json(const chat::failure& e, language lang);

} // namespace nekod::openai
