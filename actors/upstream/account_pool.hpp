#pragma once

#include "actors/upstream/account_watch.hpp"
#include "actors/upstream/chat_upstream.hpp"
#include "protocol/result.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace nekod {

/// A turn that an account runs, counted there for as long as this lives.
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

/// The account for a turn: of those that do not rest the one with the least to do. Where all are
/// refused, one is asked all the same: only so does it show that it works again. A lone account
/// never rests, since nobody could take its place.
/// @pre There is one.
/// @returns its place; or `rate_limit_exceeded` with the time until one may be asked.
result<std::size_t, upstream_failure> choose_account(const watched_accounts& all,
                                                     account_watch::clock::time_point now);

/// What a turn is told that only an account can run which rests since it was limited.
upstream_failure limit_of(const account_watch& account, account_watch::clock::time_point now);

/// How many stand how.
account_counts count(const watched_accounts& all);

/// What a turn is told while the upstream's circuit keeps it away for that time.
upstream_failure kept_away(circuit::clock::duration rest);

/// The accounts of one upstream, of one kind. May be used from any thread.
template <class Account>
class account_pool {
public:
  using clock = account_watch::clock;
  using choice = result<std::shared_ptr<Account>, upstream_failure>;

  /// @param line What they share; they have it, too.
  /// @pre There is an account.
  account_pool(std::vector<std::shared_ptr<Account>> all, std::shared_ptr<circuit> line)
      : all_(std::move(all)), watched_(all_.begin(), all_.end()), circuit_(std::move(line)) {}

  /// An account for a turn that any may run.
  choice any(clock::time_point now = clock::now()) const {
    auto place = choose_account(watched_, now);
    if (!place)
      return std::move(place.error());
    if (auto rest = circuit_->refuses(now))
      return kept_away(*rest);
    return all_[*place];
  }

  /// That one, for a turn that only it can run.
  choice only(const std::shared_ptr<Account>& account, clock::time_point now = clock::now()) const {
    if (all_.size() > 1 && account->state() == account_state::limited &&
        account->rest(now) > clock::duration::zero())
      return limit_of(*account, now);
    if (auto rest = circuit_->refuses(now))
      return kept_away(*rest);
    return account;
  }

  /// The account with that id, unless it is set aside in favour of the others, or is none of ours.
  std::shared_ptr<Account> find(const std::string& id, clock::time_point now = clock::now()) const {
    auto i =
        std::find_if(all_.begin(), all_.end(), [&](const auto& a) { return a->who().id == id; });
    if (i == all_.end() || ((*i)->state() == account_state::refused && others_work(**i, now)))
      return nullptr;
    return *i;
  }

  /// Whether a turn that this one could not run may be given to another at once.
  bool others_work(const Account& failed, clock::time_point now = clock::now()) const {
    return std::any_of(all_.begin(), all_.end(), [&](const auto& a) {
      return a.get() != &failed && a->rest(now) <= clock::duration::zero();
    });
  }

  /// One for a list of models: the circuit is not asked, and learns of how it goes.
  const std::shared_ptr<Account>& for_lists(clock::time_point now = clock::now()) const {
    auto place = choose_account(watched_, now);
    return place ? all_[*place] : all_.front();
  }

  const std::vector<std::shared_ptr<Account>>& all() const noexcept { return all_; }

  account_counts counts() const { return count(watched_); }
  bool is_given_up(clock::time_point now = clock::now()) const { return circuit_->is_open(now); }

private:
  std::vector<std::shared_ptr<Account>> all_;
  watched_accounts watched_;
  std::shared_ptr<circuit> circuit_;
};

} // namespace nekod
