#pragma once

#include "actors/runtime/metrics.hpp"
#include "actors/upstream/accounts/account_rests.hpp"
#include "actors/upstream/accounts/circuit.hpp"
#include "actors/upstream/transport.hpp"
#include "actors/upstream/upstream.hpp"
#include "protocol/openai/errors.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What accounts at any kind of service have in common: their calls are counted, their state
/// follows from how the last calls ended, and an account that was refused or rate-limited rests for
/// a while.
namespace nekod {

/// Bytes that a reply to a call other than a turn's may have; a longer one is an error.
inline constexpr std::size_t max_small_reply = 1u << 20;

/// What a call is made for.
enum class call_purpose : std::uint8_t {
  /// A list of models. How it ends says nothing about turns.
  listing,
  /// A list that is asked for to see whether the upstream answers again.
  probing,
  /// A step of a turn before its message. If it succeeds, the message may still fail.
  preparing,
  /// A turn's message.
  answering,
};

/// A call that was begun.
struct running_call {
  /// Its index among the names of calls that the watch was given.
  std::size_t kind = 0;
  /// What it means to the upstream's circuit breaker.
  call_purpose purpose = call_purpose::preparing;
  std::chrono::steady_clock::time_point begun;
  /// As the upstream calls it; empty if the call is for no model.
  std::string model;
};

/// A response, as far as it has arrived.
struct upstream_response {
  bool ok() const noexcept { return status >= 200 && status < 300; }

  /// The response begins.
  /// @param longest_wait If it asks for a longer wait, this counts.
  void on_head(const transfer_event& head, std::chrono::milliseconds longest_wait) {
    status = head.status;
    redirect = head.redirect;
    content_type = head.content_type;
    content_coding = head.content_coding;
    if (head.retry_after)
      retry_after = std::min(*head.retry_after, longest_wait);
  }

  std::uint16_t status = 0;
  std::optional<std::chrono::milliseconds> retry_after;
  /// Where a redirect that was not followed leads.
  std::string redirect;
  /// Whether its status is one of success but its body is an error.
  bool tells_error = false;
  std::string content_type;
  std::string content_coding;
  /// The body, except for an answer that streams: of that, the beginning at most.
  std::string body;
};

/// Whether a response is a page for people, as gates and proxies in front of a service send it.
/// What they refuse, they refuse our address, not the account.
bool is_page(const upstream_response& r) noexcept;

/// Whether the account was refused, or has no money left.
bool refuses_account(const openai::error& e);

/// Whether the upstream is still loading: it says so, or no connection to it was ever made.
bool loads(const upstream_response& r, transfer_failure f, const circuit& breaker);

/// What it means that a transfer failed.
/// @param r As much of the response as arrived.
openai::error failure_of(transfer_failure f, const upstream_response& r);

/// Who an account is, and how it is treated.
struct account_identity {
  /// The name of its upstream.
  std::string upstream;
  /// Derived from its secret, which it does not reveal: stays the same as long as that does.
  std::string id;
  /// Its share of the turns, relative to the weights of the upstream's other accounts.
  double weight = 1;
  /// No rest is longer, whatever the upstream asks for.
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

  /// A call ended: well, or with *problem*. *f* is how its transfer ended, *r* its response.
  void ended(const running_call& c, const openai::error* problem, transfer_failure f,
             const upstream_response& r, clock::time_point now = clock::now());

  /// We gave a call up.
  void cancelled(const running_call& c);

  /// A turn ended although none of its calls failed.
  void learned_nothing() { circuit_->learned_nothing(); }

  /// The answer of a turn began.
  void answer_began() {
    circuit_->connected();
    circuit_->succeeded();
  }

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

  std::chrono::milliseconds longest_rest() const noexcept { return who_.longest_rest; }

  const account_identity& who() const noexcept { return who_; }

  // Its turns, by which the pool balances the load.

  void turn_begun() noexcept {
    ++turns_;
    share_ = share_ + 1 / who_.weight;
  }
  void turn_ended() noexcept { --turns_; }

  /// The turns that it runs, and those that it was ever given, both divided by its weight.
  std::pair<double, double> load() const noexcept { return {turns_ / who_.weight, share_}; }

  /// Raises its share of the turns to *share* after a rest, so that it is not flooded to catch up.
  void catch_up(double share) noexcept {
    if (share_ < share)
      share_ = share;
  }

private:
  void count(const running_call& c, call_outcome outcome);
  void enter(account_state next);
  bool is_address_limit(const upstream_response& r) const;
  void update_state(const running_call& c, const openai::error* problem, transfer_failure f,
                    const upstream_response& r, clock::time_point now);
  void tell_circuit(const running_call& c, const openai::error* problem, transfer_failure f,
                    const upstream_response& r, clock::time_point now);

  account_identity who_;
  std::shared_ptr<metrics> counts_;
  series_of<prometheus::Gauge, account_state> states_;
  prometheus::Gauge& circuit_open_;
  std::shared_ptr<circuit> circuit_;
  std::vector<std::string> names_;
  std::vector<call_metrics> calls_;
  std::atomic<account_state> state_{account_state::unknown};
  std::atomic<unsigned> failures_in_a_row_{0};
  account_rests rests_;
  std::atomic<int> turns_{0};
  std::atomic<double> share_{0};
};

} // namespace nekod
