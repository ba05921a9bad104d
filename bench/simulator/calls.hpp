#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace nekod::sim {

/// The calls of the AnuNeko service, and of the OpenAI protocol.
enum class api_call : std::uint8_t {
  view,
  chat,
  select_model,
  stream,
  select_choice,
  chat_list,
  messages,
  // Of the OpenAI protocol.
  models,
  completions,
  /// Not a call: the number of calls.
  count,
};

inline constexpr auto api_call_count = static_cast<std::size_t>(api_call::count);

/// The names of all calls in reports and faults, in the order of the enumeration.
inline constexpr std::array<std::string_view, api_call_count> api_call_names{
    "view",      "chat",     "select_model", "stream",     "select_choice",
    "chat_list", "messages", "models",       "completions"};

/// The call's name in reports and faults.
std::string_view name_of(api_call c) noexcept;

/// The call with that name.
std::optional<api_call> api_call_named(std::string_view name) noexcept;

/// The call of a request.
struct route {
  api_call call = api_call::view;
  /// The chat in the path; empty for a call without one.
  std::string_view chat_id;
};

/// Finds the AnuNeko call of a request.
/// @param path From the root; the result refers to it.
/// @returns nothing if the service has no such call.
std::optional<route> find_route(std::string_view method, std::string_view path) noexcept;

/// The prefix of the AnuNeko service's paths.
inline constexpr std::string_view api_prefix = "/api/v1";

} // namespace nekod::sim
