#include "actors/registry/readiness.hpp"

#include <chrono>
#include <string_view>

namespace nekod {

namespace {

/// The reasons why turns may not go to that upstream now, as words of a fixed set.
std::vector<std::string> reasons_of(const upstream_state& s) {
  std::vector<std::string> reasons;
  auto add = [&](bool applies, const char* word) {
    if (applies)
      reasons.emplace_back(word);
  };
  add(s.breaker == circuit::phase::open, "circuit_open");
  add(s.breaker == circuit::phase::half_open, "circuit_half_open");
  add(s.refused > 0, "accounts_refused");
  add(s.limited > 0, "accounts_limited");
  add(s.unreachable > 0, "accounts_unreachable");
  add(s.address_rest.count() > 0, "address_limited");
  return reasons;
}

upstream_standing standing_of(std::string_view name, const upstream_state& s) {
  upstream_standing shown;
  shown.name = name;
  shown.circuit = s.breaker == circuit::phase::open        ? "open"
                  : s.breaker == circuit::phase::half_open ? "half_open"
                                                           : "closed";
  shown.working = s.working;
  shown.refused = s.refused;
  shown.limited = s.limited;
  shown.unreachable = s.unreachable;
  shown.reasons = reasons_of(s);
  for (const auto& limit : s.limits)
    shown.limits.push_back(
        {limit.model, limit.accounts, std::chrono::ceil<std::chrono::seconds>(limit.left)});
  return shown;
}

} // namespace

readiness readiness_of(const std::vector<std::shared_ptr<upstream_service>>& upstreams) {
  readiness result;
  std::size_t working = 0;
  std::size_t refused = 0;
  std::size_t unreachable = 0;
  for (const auto& upstream : upstreams) {
    const auto state = upstream->state();
    const auto is_open = state.breaker == circuit::phase::open;
    result.upstreams.push_back(standing_of(upstream->name(), state));
    working += is_open ? 0 : state.working + state.limited;
    refused += state.refused;
    unreachable += is_open ? 1 : state.unreachable;
  }
  if (working > 0)
    return result;
  if (refused > 0)
    result.reasons.emplace_back("upstream_auth_failed");
  if (unreachable > 0)
    result.reasons.emplace_back("upstream_unreachable");
  if (result.reasons.empty())
    result.reasons.emplace_back("upstream_unknown");
  return result;
}

} // namespace nekod
