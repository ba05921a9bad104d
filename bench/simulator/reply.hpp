#pragma once

#include "bench/simulator/faults.hpp"
#include "bench/simulator/reply_events.hpp"
#include "http/server/message/exchange.hpp"

#include <asio.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace nekod::sim {

/// When a reply's events are due.
struct pace {
  /// From the start to the first event.
  std::chrono::milliseconds first_delay{0};
  /// Between two events; 0 sends as fast as the peer reads.
  std::chrono::milliseconds delay{0};
};

/// One reply that is being sent. Runs on a strand of its own, so that any number of threads may run
/// the loop. The code that starts it keeps it alive until it has ended.
class reply : public std::enable_shared_from_this<reply> {
public:
  /// Called once with the number of events sent, and whether these are all, before the peer can see
  /// the end.
  using ended_handler = std::function<void(reply&, std::size_t sent, bool whole)>;

  reply(asio::io_context& loop, http::exchange_ptr exchange, std::shared_ptr<const reply_events> e,
        pace p, std::optional<fault> f, ended_handler ended);

  void start();

private:
  using clock = std::chrono::steady_clock;

  void send_due_events();
  std::string take_due_events();
  clock::time_point due(std::size_t event) const;
  void wait_until(clock::time_point t);
  void write_then_go_on(std::string bytes);
  void send_end(std::string bytes);
  void end(bool whole);

  asio::strand<asio::io_context::executor_type> strand_;
  asio::steady_timer timer_;
  http::exchange_ptr exchange_;
  std::shared_ptr<const reply_events> events_;
  pace pace_;
  std::optional<fault> fault_;
  ended_handler on_ended_;
  /// The number of events that will be sent.
  std::size_t last_;
  std::size_t next_ = 0;
  clock::time_point started_;
  bool writing_ = false;
  bool ended_ = false;
};

} // namespace nekod::sim
