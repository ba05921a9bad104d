#pragma once

#include "protocol/openai/responses/output_item.hpp"
#include "protocol/openai/responses/request/create_request.hpp"
#include "protocol/openai/responses/response_object.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// The parts that the writers of a response and its stored form share: clients find in the store
/// the same ids and text. Pure.
namespace nekod::http {

inline constexpr std::string_view response_prefix = "resp_";
inline constexpr std::string_view conversation_prefix = "conv_";

/// The head of a response before its turn begins.
openai::responses::response_head head_of(const openai::responses::create_request& asked);

/// The head of the answer with that id, which is without a prefix.
openai::responses::response_head filled(openai::responses::response_head head, std::string_view id,
                                        std::int64_t created, std::string model,
                                        std::string session_id);

/// How its reasoning is told.
openai::responses::reasoning_form
reasoning_of(const openai::responses::create_request& asked) noexcept;

} // namespace nekod::http
