#include "actors/upstream/account_pool.hpp"

#include <limits>

namespace nekod {

using clock = account_watch::clock;
using openai::error;
using openai::error_code;

namespace {

std::chrono::seconds in_seconds_up(clock::duration d) {
  return std::max(std::chrono::ceil<std::chrono::seconds>(d), std::chrono::seconds{1});
}

/// Who comes back from a rest has its turns one at a time again, not all that others had meanwhile.
void catch_up(const watched_accounts& all, std::size_t chosen, clock::time_point now) {
  auto least = std::numeric_limits<double>::max();
  double step = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    step = std::max(step, 1 / all[i]->who().weight);
    if (i != chosen && all[i]->rest(now) <= clock::duration::zero())
      least = std::min(least, all[i]->load().second);
  }
  if (least < std::numeric_limits<double>::max())
    all[chosen]->catch_up(least - step);
}

} // namespace

result<std::size_t, upstream_failure> choose_account(const watched_accounts& all,
                                                     clock::time_point now) {
  if (all.size() == 1)
    return std::size_t{0};
  constexpr auto none = static_cast<std::size_t>(-1);
  auto idlest = none;
  auto first_back = none;
  auto limited = false;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& account = *all[i];
    if (account.rest(now) > clock::duration::zero()) {
      limited = limited || account.state() == account_state::limited;
      if (first_back == none || account.rest(now) < all[first_back]->rest(now))
        first_back = i;
    } else if (idlest == none || account.load() < all[idlest]->load()) {
      idlest = i;
    }
  }
  if (idlest != none) {
    catch_up(all, idlest, now);
    return idlest;
  }
  if (!limited)
    return first_back;
  return limit_of(*all[first_back], now);
}

upstream_failure limit_of(const account_watch& account, clock::time_point now) {
  error busy{error_code::rate_limit_exceeded, {}, "the upstream's limit"};
  busy.retry_after = in_seconds_up(account.rest(now));
  return {std::move(busy), remedy::later};
}

account_counts count(const watched_accounts& all) {
  account_counts result;
  for (const auto& account : all) {
    const auto state = account->state();
    result.working += state == account_state::works ? 1 : 0;
    result.refused += state == account_state::refused ? 1 : 0;
    result.limited += state == account_state::limited ? 1 : 0;
    result.unreachable += state == account_state::unreachable ? 1 : 0;
  }
  return result;
}

upstream_failure kept_away(circuit::clock::duration rest) {
  error away{error_code::overloaded, {}, "the upstream fails, and is left alone for a while"};
  away.retry_after = in_seconds_up(rest);
  return {std::move(away), remedy::none};
}

} // namespace nekod
