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

shown_account shown_account_of(const account_report& a) {
  shown_account result;
  result.id = a.id;
  result.state = a.state;
  result.code = a.code;
  if (a.in_state)
    result.in_state = std::chrono::floor<std::chrono::milliseconds>(*a.in_state);
  if (a.rest.count() > 0)
    result.rest = std::chrono::ceil<std::chrono::milliseconds>(a.rest);
  result.turns = a.turns;
  result.weight = a.weight;
  return result;
}

upstream_standing standing_of(std::string_view name, const upstream_state& s) {
  upstream_standing result;
  result.name = name;
  result.circuit = s.breaker == circuit::phase::open        ? "open"
                   : s.breaker == circuit::phase::half_open ? "half_open"
                                                            : "closed";
  result.working = s.working;
  result.refused = s.refused;
  result.limited = s.limited;
  result.unreachable = s.unreachable;
  if (s.since_change)
    result.since_change = std::chrono::floor<std::chrono::milliseconds>(*s.since_change);
  if (s.to_probe)
    result.to_probe = std::chrono::ceil<std::chrono::milliseconds>(*s.to_probe);
  for (const auto& account : s.accounts)
    result.accounts.push_back(shown_account_of(account));
  result.reasons = reasons_of(s);
  for (const auto& limit : s.limits)
    result.limits.push_back(
        {limit.model, limit.accounts, std::chrono::ceil<std::chrono::seconds>(limit.left)});
  return result;
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
