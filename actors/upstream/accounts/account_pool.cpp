#include "actors/upstream/accounts/account_pool.hpp"

#include <limits>

namespace nekod {

using clock = account_watch::clock;

namespace {

/// The most limits that are reported for one upstream.
constexpr std::size_t most_limits = 32;

/// The most accounts of an upstream that are reported one by one.
constexpr std::size_t most_reports = 32;

/// Raises the share of an account that comes back from a rest to that of the others, so that it
/// takes turns in alternation with them, not all that it missed.
void catch_up(const watched_accounts& all, std::size_t chosen, const std::string& model,
              clock::time_point now) {
  auto least = std::numeric_limits<double>::max();
  double step = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    step = std::max(step, 1 / all[i]->who().weight);
    if (i != chosen && all[i]->rest(model, now) <= clock::duration::zero())
      least = std::min(least, all[i]->load().second);
  }
  if (least < std::numeric_limits<double>::max())
    all[chosen]->catch_up(least - step);
}

/// Adds the limits of one account. For equal models, the shortest rest counts.
void add_limits(upstream_state& state, const account_watch& account, clock::time_point now) {
  for (auto& limit : account.limits(now)) {
    auto i = std::find_if(state.limits.begin(), state.limits.end(),
                          [&](const auto& l) { return l.model == limit.model; });
    if (i != state.limits.end())
      *i = {i->model, i->accounts + 1, std::min(i->left, limit.left)};
    else if (state.limits.size() < most_limits)
      state.limits.push_back({std::move(limit.model), 1, limit.left});
  }
}

} // namespace

std::size_t choose_account(const watched_accounts& all, const std::string& model,
                           clock::time_point now) {
  if (all.size() == 1)
    return 0;
  constexpr auto none = static_cast<std::size_t>(-1);
  auto idlest = none;
  std::size_t first_back = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto rest = all[i]->rest(model, now);
    if (rest < all[first_back]->rest(model, now))
      first_back = i;
    if (rest <= clock::duration::zero() && (idlest == none || all[i]->load() < all[idlest]->load()))
      idlest = i;
  }
  if (idlest == none)
    return first_back;
  catch_up(all, idlest, model, now);
  return idlest;
}

upstream_state state_of(const watched_accounts& all, const circuit& breaker,
                        clock::time_point now) {
  upstream_state result;
  result.breaker = breaker.now_in();
  result.since_change = breaker.since_change(now);
  result.to_probe = breaker.time_to_probe(now);
  result.address_rest = breaker.rest(now);
  for (const auto& account : all) {
    const auto state = account->state(now);
    result.working += state == account_state::works ? 1 : 0;
    result.refused += state == account_state::refused ? 1 : 0;
    result.limited += state == account_state::limited ? 1 : 0;
    result.unreachable += state == account_state::unreachable ? 1 : 0;
    add_limits(result, *account, now);
    if (result.accounts.size() < most_reports)
      result.accounts.push_back(account->report(now));
  }
  return result;
}

} // namespace nekod
