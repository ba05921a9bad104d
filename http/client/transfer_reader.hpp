#pragma once

#include "actors/upstream/transport.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <utility>

namespace nekod::http {

/// The reader of a transfer, as the transfer sees it: gets its events until it drops the transfer,
/// which it may do from within an event. Used on the transfer's lane, except `abandon`.
class transfer_reader {
public:
  using clock = std::chrono::steady_clock;

  /// @param number Is in each event.
  transfer_reader(std::uint64_t number, transport::sink f) : number_(number), sink_(std::move(f)) {}

  /// An event of this transfer, to be filled in and sent.
  transfer_event event(transfer_event::kind what) const {
    transfer_event result;
    result.what = what;
    result.transfer = number_;
    return result;
  }

  /// Makes *e*, which may have been sent before, an event of bytes of this transfer.
  void reuse(transfer_event& e) const {
    e.what = transfer_event::kind::data;
    e.transfer = number_;
    e.upstream = 0;
    e.chat = 0;
  }

  /// Calls the reader, unless it has dropped the transfer. It may move from the event.
  void send(transfer_event& e) {
    if (!has_dropped_)
      sink_(std::move(e));
  }

  /// The transfer's last event.
  void send_end(transfer_failure failure) {
    auto end = event(transfer_event::kind::end);
    end.failure = failure;
    send(end);
  }

  /// The reader dropped the transfer: it gets no more events.
  void drop() noexcept { has_dropped_ = true; }

  bool has_dropped() const noexcept { return has_dropped_; }

  /// The client for whom the call was made left at that time. On any thread.
  void abandon(clock::time_point client_left) noexcept { client_left_ = client_left; }

  /// The time when that client left; the epoch if it did not.
  clock::time_point client_left() const noexcept { return client_left_; }

private:
  std::uint64_t number_;
  transport::sink sink_;
  bool has_dropped_ = false;
  std::atomic<clock::time_point> client_left_{};
};

} // namespace nekod::http
