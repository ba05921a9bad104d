#pragma once

#include "actors/upstream/accounts/account_pool.hpp"
#include "actors/upstream/accounts/account_watch.hpp"
#include "actors/upstream/transport.hpp"
#include "actors/upstream/upstream.hpp"
#include "protocol/chat/deltas.hpp"
#include "protocol/chat/failure.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nekod {

/// Receives the response of an exchange's running call. May start the next call, or end or drop the
/// exchange's transfer, from within its functions.
class exchange_listener {
public:
  virtual ~exchange_listener() = default;

  /// The response begins; the exchange has its status and fields.
  virtual void on_head(const transfer_event& /*head*/) {}
  /// Part of the body arrived; may be moved from. It used up its size of the transfer's window:
  /// `grant` that much, or pass it on by `pass_on`.
  virtual void on_body(std::string&& bytes) = 0;
  /// The transfer ended: completely, or as `failure` says. Must report the call's end by `finish`
  /// or `cancel`.
  virtual void on_end() = 0;
};

/// The HTTP calls of a conversation, one at a time: the transfer, its response, the window that the
/// answer's text uses, and the reports to the account. Each call that is started is reported to its
/// account exactly once: by `finish`, `give_up_late`, `cancel`, or when the exchange is destroyed.
class upstream_exchange {
public:
  /// @param net Must outlive the exchange, as must *l*.
  /// @param events Receives the events of transfers and passes them to `on_transfer`.
  upstream_exchange(transport& net, transport::sink events, exchange_listener& l);
  ~upstream_exchange();

  upstream_exchange(const upstream_exchange&) = delete;
  upstream_exchange& operator=(const upstream_exchange&) = delete;

  /// A turn begins, which counts as one of the account's until `end_turn`. The account makes the
  /// calls.
  void begin_turn(std::shared_ptr<account_watch> account);

  /// The turn is over. Its response is forgotten.
  void end_turn();

  /// Makes a call. Only while none runs; a transfer that is still open is closed.
  void start(running_call call, http_call what);

  /// The call ended, or its response is known to be complete: successfully, or with *problem*. The
  /// transfer stays open until its own end, so that its connection can be reused, or until `close`.
  void finish(const chat::failure* problem);

  /// Closes the transfer. A call that runs is reported as cancelled.
  /// @param client_left When the client left, if that is why.
  void cancel(std::optional<std::chrono::steady_clock::time_point> client_left);

  /// Closes the transfer. A running call is reported as one without an answer in time.
  void give_up_late();

  /// Closes the transfer of a call that has been reported already.
  void close();

  /// Whether there is a call whose end has not been reported yet.
  bool running() const noexcept { return running_; }

  /// The running call, or the last one.
  const running_call& call() const noexcept { return call_; }

  /// As much of its response as arrived.
  upstream_response& response() noexcept { return response_; }
  const upstream_response& response() const noexcept { return response_; }

  /// How its transfer ended; `none` while it has not.
  transfer_failure failure() const noexcept { return failure_; }

  // -- the answer --------------------------------------------------------------------------------

  /// Passes on the text that *bytes* of the body completed. Bytes that complete no text are granted
  /// again at once, since an event larger than the window must still arrive; the next text that is
  /// passed on accounts for them.
  void pass_on(deltas text, std::size_t bytes, upstream_listener& to);

  /// The same for a turn that wants several answers.
  void pass_on(const std::vector<deltas>& texts, std::size_t bytes, upstream_listener& to);

  /// Whether some of this call's answer has been passed on.
  bool answer_began() const noexcept { return answer_began_; }

  /// Allows *bytes* more of the body.
  void grant(std::size_t bytes);

  /// Takes back granted room: its bytes are about to be passed on after all.
  void take_back(std::size_t bytes);

  /// Processes an event of the newest transfer; those of earlier ones are dropped.
  void on_transfer(transfer_event&& event);

private:
  std::size_t begin_passing();
  void lend(std::size_t bytes);

  transport& net_;
  transport::sink events_;
  exchange_listener& listener_;
  std::shared_ptr<account_watch> account_;
  counted_turn turn_;

  /// The number of the newest transfer.
  std::uint64_t number_ = 0;
  std::unique_ptr<transfer> transfer_;
  running_call call_;
  bool running_ = false;
  upstream_response response_;
  transfer_failure failure_ = transfer_failure::none;
  bool answer_began_ = false;
  /// Room that was granted for bytes that have not completed any text yet.
  std::size_t lent_ = 0;
};

} // namespace nekod
