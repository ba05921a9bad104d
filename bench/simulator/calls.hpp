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

/// All calls' words in reports and faults, in the order of the enumeration.
inline constexpr std::array<std::string_view, api_call_count> api_call_names{
    "view",      "chat",     "select_model", "stream",     "select_choice",
    "chat_list", "messages", "models",       "completions"};

/// The call's word in reports and faults.
std::string_view name_of(api_call c) noexcept;

/// The call with that word.
std::optional<api_call> api_call_named(std::string_view name) noexcept;

/// Which call a request is.
struct route {
  api_call call = api_call::view;
  /// The chat in the path; empty for a call without one.
  std::string_view chat_id;
};

/// Finds the call of the AnuNeko service that a request is.
/// @param path From the root; views of it are handed out.
/// @returns nothing where the service has no such call.
std::optional<route> find_route(std::string_view method, std::string_view path) noexcept;

/// What all the AnuNeko service's paths begin with.
inline constexpr std::string_view api_prefix = "/api/v1";

} // namespace nekod::sim
