#pragma once

#include "actors/upstream/upstream.hpp"
#include "http/server/message/exchange.hpp"

#include <string>
#include <utility>
#include <vector>

/// The header field that tells a client which parameters of its request have no effect.
namespace nekod::http {

/// The parameters without effect at an upstream with *abilities*.
/// @param asked A `chat::request`, or a request of another API that reports the same fields.
template <class Request>
std::vector<std::string> ignored_parameters(const Request& asked,
                                            const upstream_abilities& abilities) {
  auto result = asked.ignored;
  if (!abilities.tuning)
    result.insert(result.end(), asked.tuning.begin(), asked.tuning.end());
  if (const auto& more = asked.beside.tuning_of_openai; !abilities.is_openai)
    result.insert(result.end(), more.begin(), more.end());
  return result;
}

/// The field for these parameters, of which there is at least one. They are fit for a field.
inline fields::value_type ignored_field(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names)
    list.append(list.empty() ? "" : ", ").append(name);
  return {"X-Ignored-Parameters", std::move(list)};
}

} // namespace nekod::http
