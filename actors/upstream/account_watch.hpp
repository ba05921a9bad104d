#pragma once

#include "actors/metrics.hpp"
#include "actors/upstream/chat_upstream.hpp"
#include "actors/upstream/transport.hpp"
#include "protocol/openai/errors.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// What accounts at any kind of service have in common: their calls are counted, and how the last
/// ones ended is kept in mind.
namespace nekod {

/// Bytes of a reply that is no answer; more are an error.
inline constexpr std::size_t max_small_reply = 1u << 20;

/// A call that was begun.
struct running_call {
  /// Its place among the names that the watch was given.
  std::size_t kind = 0;
  std::chrono::steady_clock::time_point begun;
};

/// A response, as far as it has come.
struct upstream_response {
  bool ok() const noexcept { return status >= 200 && status < 300; }

  /// The response begins.
  void take_head(const transfer_event& head) {
    status = head.status;
    retry_after = head.retry_after;
  }

  std::uint16_t status = 0;
  std::optional<std::chrono::seconds> retry_after;
  /// Of a call that is no answer's stream, or of one that was refused.
  std::string body;
};

/// What a transfer's end means where the response was not whole.
openai::error failure_of(transfer_failure f);

/// One account. May be used from any thread.
class account_watch {
public:
  /// @param calls The names of the service's calls, for metrics.
  account_watch(std::shared_ptr<metrics> counts, std::vector<std::string> calls);
  ~account_watch();

  account_watch(const account_watch&) = delete;
  account_watch& operator=(const account_watch&) = delete;

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

  std::shared_ptr<metrics> counts_;
  std::vector<std::string> names_;
  std::vector<call_metrics> calls_;
  std::atomic<account_state> state_{account_state::unknown};
  std::atomic<unsigned> failures_in_a_row_{0};
};

/// How one account stands, as a service of one has to say it.
account_counts count_of(const account_watch& account);

} // namespace nekod
