#pragma once

#include "actors/messages.hpp"
#include "actors/upstream/transport.hpp"
#include "http/server/api/cluster/whole_events.hpp"
#include "http/server/message/exchange.hpp"
#include "protocol/openai/errors.hpp"

#include <prometheus/counter.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace nekod::http {

/// The field that names the tenant of a request that is handed on; without it, there are no keys.
inline constexpr const char* tenant_field = "X-Nekod-Tenant";

/// The status by which the port between nodes refuses a wrong secret.
inline constexpr std::uint16_t wrong_secret = 401;

/// How requests are counted that were handed on.
struct relay_counts {
  prometheus::Counter* answered = nullptr;
  /// The other node does not keep the answer any more.
  prometheus::Counter* absent = nullptr;
  /// The other node cannot be reached, or is silent.
  prometheus::Counter* unreachable = nullptr;
  /// The answer broke off.
  prometheus::Counter* cut = nullptr;
};

/// The settings by which the nodes of a cluster hand requests on to each other.
struct cluster_options {
  nekod::language language{};
  answer_places_actor places;
  /// Calls the other nodes.
  transport* net = nullptr;
  std::string secret;
  /// Longest silence of a stream: longer than between two heartbeats.
  std::chrono::milliseconds silence{0};
  relay_counts counts;
};

/// A request that is handed on.
struct relayed_request {
  std::string tenant;
  std::string body;
  /// Longest time to the first byte of its answer.
  std::chrono::milliseconds first_byte{0};
  /// The number of the last event that the client has, in a stream whose events have numbers; -1
  /// for none.
  std::int64_t after = -1;
  /// Whether an error in the stream has the form of the Responses API.
  bool is_response = false;
  /// Answers if the other node does not keep the answer.
  std::function<void()> absent;
  /// Answers if the other node cannot be reached; if empty, that is an error with `Retry-After`.
  std::function<void()> unreachable;
};

/// One request that goes on to the node that keeps its answer, and that answer, at the pace of the
/// client. If the answer is a stream, and breaks off, it is ended with an error event. Lives as
/// long as its exchange is unanswered; runs on the connection's loop.
class holder_relay : public std::enable_shared_from_this<holder_relay> {
public:
  holder_relay(exchange_ptr x, std::string request_id,
               std::shared_ptr<const cluster_options> options, relayed_request what);

  /// Starts. To be called once, after construction, on any thread.
  /// @param address The other node's, `HOST:PORT`.
  void start(const std::string& address);

private:
  void call(const std::string& address);
  void take(transfer_event& event);
  void take_head(const transfer_event& head);
  void take_data(std::string bytes);
  void take_end(transfer_failure failure);
  void break_off();
  void leave_to(const std::function<void()>& other, prometheus::Counter* count);
  void refuse();
  void end();

  exchange_ptr exchange_;
  std::string request_id_;
  std::shared_ptr<const cluster_options> options_;
  relayed_request what_;
  std::unique_ptr<transfer> transfer_;
  bool begun_ = false;
  /// Set if the answer is a stream of events.
  std::optional<whole_events> events_;
};

} // namespace nekod::http
