#pragma once

#include "actors/upstream/accounts/account_watch.hpp"
#include "actors/upstream/upstream.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace nekod {

/// Counts a turn at its account, until it is ended or destroyed.
class counted_turn {
public:
  counted_turn() = default;
  explicit counted_turn(std::shared_ptr<account_watch> account) : account_(std::move(account)) {
    account_->turn_begun();
  }
  ~counted_turn() { end(); }

  counted_turn(counted_turn&&) noexcept = default;
  counted_turn& operator=(counted_turn&& other) noexcept {
    end();
    account_ = std::move(other.account_);
    return *this;
  }

  void end() noexcept {
    if (auto account = std::exchange(account_, nullptr))
      account->turn_ended();
  }

private:
  std::shared_ptr<account_watch> account_;
};

using watched_accounts = std::vector<std::shared_ptr<account_watch>>;

/// Chooses the account for a turn of *model*: the one with the least load among those that do not
/// rest. If all rest, the one whose rest ends first, since a rest never refuses a turn.
/// @pre There is an account.
/// @returns its index.
std::size_t choose_account(const watched_accounts& all, const std::string& model,
                           account_watch::clock::time_point now);

/// The state of the accounts and the circuit breaker of an upstream.
upstream_state state_of(const watched_accounts& all, const circuit& breaker,
                        account_watch::clock::time_point now);

/// The accounts of one upstream, of one kind. May be used from any thread.
template <class Account>
class account_pool {
public:
  using clock = account_watch::clock;

  /// @param breaker The circuit breaker that the accounts share.
  /// @pre There is an account.
  account_pool(std::vector<std::shared_ptr<Account>> all, std::shared_ptr<circuit> breaker)
      : all_(std::move(all)), watched_(all_.begin(), all_.end()), circuit_(std::move(breaker)) {}

  /// Whether a turn of *model* that could also go to another upstream should go to this one: an
  /// account is not resting, and the circuit breaker admits the turn. If so, the turn may be the
  /// breaker's trial.
  bool admits(const std::string& model, clock::time_point now = clock::now()) const {
    return std::any_of(all_.begin(), all_.end(),
                       [&](const auto& a) { return works(*a, model, now); }) &&
           circuit_->try_admit(now);
  }

  /// The account for a turn of *model* that any account may run.
  const std::shared_ptr<Account>& any(const std::string& model,
                                      clock::time_point now = clock::now()) const {
    return all_[choose_account(watched_, model, now)];
  }

  /// The account with that id; null if there is none, or if it rests while others do not.
  std::shared_ptr<Account> find(const std::string& id, const std::string& model,
                                clock::time_point now = clock::now()) const {
    auto i =
        std::find_if(all_.begin(), all_.end(), [&](const auto& a) { return a->who().id == id; });
    if (i == all_.end() || (!works(**i, model, now) && others_work(**i, model, now)))
      return nullptr;
    return *i;
  }

  /// Whether an account other than *failed* is not resting for *model*.
  bool others_work(const Account& failed, const std::string& model,
                   clock::time_point now = clock::now()) const {
    return std::any_of(all_.begin(), all_.end(),
                       [&](const auto& a) { return a.get() != &failed && works(*a, model, now); });
  }

  /// The time until one of the accounts may be asked for *model*, limits on our address included.
  clock::duration shortest_rest(const std::string& model,
                                clock::time_point now = clock::now()) const {
    auto shortest = clock::duration::max();
    for (const auto& a : all_)
      shortest = std::min(shortest, a->rest(model, now));
    return std::max(shortest, circuit_->rest(now));
  }

  const std::vector<std::shared_ptr<Account>>& all() const noexcept { return all_; }

  const watched_accounts& watched() const noexcept { return watched_; }

  circuit& breaker() const noexcept { return *circuit_; }

  upstream_state state(clock::time_point now = clock::now()) const {
    return state_of(watched_, *circuit_, now);
  }

private:
  static bool works(const Account& a, const std::string& model, clock::time_point now) {
    return a.rest(model, now) <= clock::duration::zero();
  }

  std::vector<std::shared_ptr<Account>> all_;
  watched_accounts watched_;
  std::shared_ptr<circuit> circuit_;
};

/// If *reason* is a rate limit and the upstream has several accounts, shortens its time to that
/// until the first of them may be asked again.
template <class Account>
void tell_shortest_rest(chat::failure& reason, const account_pool<Account>& accounts,
                        const std::string& model) {
  if (reason.code != chat::failure_code::rate_limit_exceeded || !reason.retry_after ||
      accounts.all().size() < 2)
    return;
  const auto rest = std::chrono::ceil<std::chrono::milliseconds>(accounts.shortest_rest(model));
  reason.retry_after = std::min(*reason.retry_after, rest);
}

} // namespace nekod
