#pragma once

#include "actors/runtime/metrics.hpp"
#include "actors/upstream/accounts/account_rests.hpp"
#include "actors/upstream/accounts/circuit.hpp"
#include "actors/upstream/accounts/shared_rest.hpp"
#include "actors/upstream/transport.hpp"
#include "actors/upstream/upstream.hpp"
#include "actors/upstream/upstream_response.hpp"
#include "protocol/chat/failure.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// Common to accounts at any kind of service: their calls are counted, their state follows from how
/// the last calls ended, and an account that was refused or rate-limited rests for a while.
namespace nekod {

/// The most bytes of a reply to a call other than a turn's; a longer one is an error.
inline constexpr std::size_t max_small_reply = 1u << 20;

/// The purpose of a call.
enum class call_purpose : std::uint8_t {
  /// Gets a list of models. Its outcome says nothing about turns.
  listing,
  /// Gets a list to see whether the upstream answers again.
  probing,
  /// A step of a turn before its message. Even if it succeeds, the message may fail.
  preparing,
  /// A turn's message.
  answering,
};

/// A call that has begun.
struct running_call {
  /// Its index in the list of call names that the watch was given.
  std::size_t kind = 0;
  /// Its meaning for the upstream's circuit breaker.
  call_purpose purpose = call_purpose::preparing;
  std::chrono::steady_clock::time_point begun;
  /// The upstream's name for it; empty if the call concerns no model.
  std::string model;
};

/// Whether the account was refused, or has no credit left.
bool refuses_account(const chat::failure& e);

/// Whether the upstream is still loading: it says so, or no connection to it was ever made.
bool loads(const upstream_response& r, transfer_failure f, const circuit& breaker);

/// The identity of an account, and how it is treated.
struct account_identity {
  /// The name of its upstream.
  std::string upstream;
  /// Derived from its secret without revealing it: stays the same as long as the secret does.
  std::string id;
  /// Its share of the turns, relative to the weights of the upstream's other accounts.
  double weight = 1;
  /// The maximum length of a rest, whatever the upstream asks for.
  std::chrono::milliseconds longest_rest{300'000};
  /// Whether any page for people counts as a limit on our address, not only one with status 429.
  bool pages_are_limits = false;
};

/// One account: counts its calls, and knows its state and its rests. May be used from any thread.
class account_watch {
public:
  using clock = std::chrono::steady_clock;

  /// @param calls The names of the service's calls, for metrics.
  /// @param breaker The circuit breaker of the upstream, which its accounts share.
  account_watch(account_identity who, std::shared_ptr<metrics> counts,
                std::vector<std::string> calls, std::shared_ptr<circuit> breaker);
  ~account_watch();

  account_watch(const account_watch&) = delete;
  account_watch& operator=(const account_watch&) = delete;

  /// A call ended: successfully, or with *problem*. *f* is how its transfer ended, *r* its
  /// response.
  void ended(const running_call& c, const chat::failure* problem, transfer_failure f,
             const upstream_response& r, clock::time_point now = clock::now());

  /// We gave up a call.
  void cancelled(const running_call& c);

  /// A turn ended without a call that told whether the upstream works.
  void learned_nothing() { circuit_->learned_nothing(); }

  /// The answer of a turn began.
  void answer_began() {
    circuit_->connected();
    circuit_->succeeded();
  }

  /// Sets a function that is called, on any thread, with rests that other nodes have to know. Call
  /// before the first call begins.
  void on_rest(std::function<void(shared_rest)> f) { told_ = std::move(f); }

  /// Another node told of a rest of this account.
  void heard(const shared_rest& r, clock::time_point now = clock::now());

  /// Events of a reply were skipped.
  void skipped(std::uint64_t events);

  /// Its state; a limit that is over does not count.
  account_state state(clock::time_point now = clock::now()) const;

  /// How much longer it rests for *model*; zero if it does not.
  clock::duration rest(const std::string& model, clock::time_point now) const {
    return rests_.left(model, now);
  }

  /// The models that it is limited for.
  std::vector<model_rest> limits(clock::time_point now) const { return rests_.limits(now); }

  account_report report(clock::time_point now) const;

  std::chrono::milliseconds longest_rest() const noexcept { return who_.longest_rest; }

  const account_identity& who() const noexcept { return who_; }

  // Its turns, which the pool uses to balance the load.

  void turn_begun() noexcept {
    ++turns_;
    share_ = share_ + 1 / who_.weight;
  }
  void turn_ended() noexcept { --turns_; }

  /// The number of its running turns, and that of all turns it was ever given, both divided by its
  /// weight.
  std::pair<double, double> load() const noexcept { return {turns_ / who_.weight, share_}; }

  /// Raises its share of the turns to *share* after a rest, so that it is not flooded to catch up.
  void catch_up(double share) noexcept {
    if (share_ < share)
      share_ = share;
  }

private:
  void count(const running_call& c, call_outcome outcome);
  void enter(account_state next, const chat::failure* problem, clock::time_point now);
  void tell(shared_rest r);
  bool is_address_limit(const upstream_response& r) const;
  void update_state(const running_call& c, const chat::failure* problem, transfer_failure f,
                    const upstream_response& r, clock::time_point now);
  void tell_circuit(const running_call& c, const chat::failure* problem, transfer_failure f,
                    const upstream_response& r, clock::time_point now);

  account_identity who_;
  std::shared_ptr<metrics> counts_;
  series_of<prometheus::Gauge, account_state> states_;
  prometheus::Gauge& circuit_open_;
  std::shared_ptr<circuit> circuit_;
  std::vector<std::string> names_;
  std::vector<call_metrics> calls_;
  std::atomic<account_state> state_{account_state::unknown};
  // When it entered its state, and why if that is no good one.
  std::atomic<clock::time_point> entered_{};
  std::atomic<chat::failure_code> problem_{};
  std::atomic<unsigned> failures_in_a_row_{0};
  account_rests rests_;
  std::function<void(shared_rest)> told_;
  std::atomic<int> turns_{0};
  std::atomic<double> share_{0};
};

} // namespace nekod
