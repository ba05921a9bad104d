#pragma once

#include "actors/upstream/anuneko.hpp"
#include "actors/upstream/transport.hpp"
#include "protocol/anuneko/calls.hpp"
#include "protocol/openai/errors.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

/// HTTP as one AnuNeko account speaks it: its headers on each call, and what failed ones mean.
namespace nekod {

/// Bytes of a reply that is no answer's stream; more are an error.
inline constexpr std::size_t max_small_reply = 1u << 20;

/// A call that was begun.
struct running_call {
  anuneko::call_kind kind = anuneko::call_kind::view_user;
  std::chrono::steady_clock::time_point begun;
};

/// Turns calls of the protocol into HTTP calls of one account, and keeps in mind how they ended.
/// May be used from any thread.
class anuneko_account {
public:
  explicit anuneko_account(anuneko_options options);
  ~anuneko_account();

  anuneko_account(const anuneko_account&) = delete;
  anuneko_account& operator=(const anuneko_account&) = delete;

  /// @param repeatable As in `http_call`.
  http_call make(anuneko::call c, bool repeatable) const;

  /// A call ended: well, or with *problem*; *f* says how its transfer went.
  void ended(const running_call& c, const openai::error* problem, transfer_failure f);

  /// We gave a call up.
  void cancelled(const running_call& c);

  /// Events of a reply were skipped.
  void skipped(std::uint64_t events);

  account_state state() const noexcept { return state_; }

private:
  void count(const running_call& c, call_outcome outcome);
  void stands(account_state next);

  anuneko_options options_;
  std::string origin_;
  std::array<call_metrics, 5> calls_;
  std::atomic<account_state> state_{account_state::unknown};
  std::atomic<unsigned> failures_in_a_row_{0};
};

/// A response, as far as it has come.
struct anuneko_response {
  bool ok() const noexcept { return status >= 200 && status < 300; }

  std::uint16_t status = 0;
  std::optional<std::chrono::seconds> retry_after;
  /// Of a call that is no answer's stream, or of one that was refused.
  std::string body;
};

/// What the client is told of an error object of the service's. Its words may quote the message, so
/// that only its code is passed on.
openai::error failure_of(const anuneko::service_error& e);

/// What a transfer's end means where the response was not whole.
openai::error failure_of(transfer_failure f);

/// What a response means whose status is none of success.
openai::error failure_of(const anuneko_response& r);

} // namespace nekod
