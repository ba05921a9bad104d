#pragma once

#include "protocol/chat/failure.hpp"
#include "protocol/openai/responses/request/create_request.hpp"
#include "protocol/text/json.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// Values of a request that have a form of their own.
namespace nekod::openai::responses {

/// The member *name* of *object*; null counts as missing.
const json::value* value_of(const json::value& object, std::string_view name);

/// Appends `,"name":v`.
void add_member(std::string& out, std::string_view name, const json::value& v);

/// The number of characters.
std::size_t length_of(std::string_view text);

/// Checks the object `metadata`: up to 16 strings of up to 512 characters, under names of up to 64.
std::optional<chat::failure> check_metadata(const json::value& v, std::string_view name);

/// Reads `text`: the form of the answer and its verbosity.
std::optional<chat::failure> take_text(std::string_view name, const json::value& v,
                                       create_request& r);

/// `text` as the response repeats it, with its defaults.
/// @param text Null if it is not there.
std::string echo_of_text(const json::value* text);

} // namespace nekod::openai::responses
