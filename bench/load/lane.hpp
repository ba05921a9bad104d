#pragma once

#include "bench/load/client.hpp"
#include "bench/load/run_state.hpp"
#include "bench/load/schedule.hpp"
#include "bench/load/tally.hpp"

#include <asio.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <vector>

namespace nekod::load {

/// One thread of a run: an event loop, and its share of the clients.
class lane {
public:
  /// @param run Must outlive this.
  /// @param index The number of this lane, from 0.
  lane(run_state& run, unsigned index);

  /// Runs until the run ends. To be called once, by the lane's own thread.
  void run();

  /// Its results. After `run`.
  const tally& results() const noexcept { return results_; }

private:
  /// A client and its timer.
  struct seat {
    explicit seat(asio::io_context& loop) : timer(loop) {}
    std::optional<client> who;
    asio::steady_timer timer;
  };

  std::size_t share() const;
  seat& add_client();
  void on_idle(seat& s, bool well);

  // A closed loop.
  void begin_closed();
  void start_at(seat& s, clock::time_point t);
  clock::duration pause();

  // An open one.
  void start_due();
  void wait_for_next();
  seat* free_seat();

  // The end.
  void watch();
  bool is_over(clock::time_point now);
  void finish();

  run_state& run_;
  unsigned index_;
  tally results_;
  asio::io_context loop_{1};
  asio::steady_timer watch_{loop_};
  asio::steady_timer next_start_{loop_};
  schedule schedule_;
  /// The schedule's number of the next request.
  std::uint64_t next_ = 0;
  std::vector<std::unique_ptr<seat>> seats_;
  std::vector<seat*> free_;
  std::minstd_rand random_;
  std::optional<clock::time_point> over_since_;
};

} // namespace nekod::load
