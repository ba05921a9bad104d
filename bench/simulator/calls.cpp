#include "bench/simulator/calls.hpp"

#include <algorithm>

namespace nekod::sim {

namespace {

struct fixed_route {
  std::string_view method;
  std::string_view path;
  api_call call;
};

constexpr std::array<fixed_route, 5> fixed_routes{{
    {"GET", "/user/view", api_call::view},
    {"POST", "/chat", api_call::chat},
    {"POST", "/user/select_model", api_call::select_model},
    {"POST", "/msg/select-choice", api_call::select_choice},
    {"GET", "/chat/list", api_call::chat_list},
}};

/// The part of *path* between *before* and *after*, if it is one segment.
std::optional<std::string_view> segment_between(std::string_view path, std::string_view before,
                                                std::string_view after) noexcept {
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) ||
      !path.ends_with(after))
    return std::nullopt;
  path.remove_prefix(before.size());
  path.remove_suffix(after.size());
  if (path.find('/') != std::string_view::npos)
    return std::nullopt;
  return path;
}

} // namespace

std::string_view name_of(api_call c) noexcept {
  return api_call_names[static_cast<std::size_t>(c)];
}

std::optional<api_call> api_call_named(std::string_view name) noexcept {
  const auto* i = std::find(api_call_names.begin(), api_call_names.end(), name);
  if (i == api_call_names.end())
    return std::nullopt;
  return static_cast<api_call>(i - api_call_names.begin());
}

std::optional<route> find_route(std::string_view method, std::string_view path) noexcept {
  if (!path.starts_with(api_prefix))
    return std::nullopt;
  path.remove_prefix(api_prefix.size());
  for (const auto& r : fixed_routes)
    if (r.method == method && r.path == path)
      return route{r.call, {}};
  if (method == "POST")
    if (auto id = segment_between(path, "/msg/", "/stream"))
      return route{api_call::stream, *id};
  if (method == "GET")
    if (auto id = segment_between(path, "/chat/", "/messages"))
      return route{api_call::messages, *id};
  return std::nullopt;
}

} // namespace nekod::sim
