#include "bench/load/run.hpp"

#include "bench/load/cpu_meter.hpp"
#include "bench/load/lane.hpp"
#include "bench/load/run_state.hpp"

#include <asio.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <deque>
#include <random>
#include <thread>
#include <vector>

namespace nekod::load {
namespace {

using namespace std::chrono_literals;

run_state::endpoints resolve(const address& target) {
  asio::io_context loop;
  return asio::ip::tcp::resolver{loop}.resolve(target.host, target.port);
}

/// Prints the progress once a second.
class progress {
public:
  explicit progress(const run_state& run) : run_(run) {}

  void show() {
    const auto answers = run_.answers.load();
    const auto pieces = run_.pieces.load();
    const auto past = std::chrono::duration<double>(clock::now() - run_.begin).count();
    fmt::print(stderr, "{:4.0f} s {:9} answers {:8}/s {:9} pieces/s {:6} under way {:6} errors{}\n",
               past, answers, answers - answers_, pieces - pieces_, run_.busy.load(),
               run_.faults.load(), clock::now() < run_.counts_from ? "  (warming up)" : "");
    answers_ = answers;
    pieces_ = pieces;
  }

private:
  const run_state& run_;
  std::uint64_t answers_ = 0;
  std::uint64_t pieces_ = 0;
};

/// The work of the main thread while lanes run in threads of their own.
class overseer {
public:
  explicit overseer(run_state& run) : run_(run), progress_(run), meter_(run.plan.watched) {}

  void watch(std::deque<lane>& lanes) {
    meter_.start();
    std::vector<std::jthread> threads;
    threads.reserve(lanes.size());
    running_ = lanes.size();
    for (auto& l : lanes)
      threads.emplace_back([this, &l] {
        l.run();
        asio::post(loop_, [this] {
          if (--running_ == 0)
            loop_.stop();
        });
      });
    await_signal();
    await_counting();
    await_end();
    if (!run_.plan.quiet)
      tick();
    loop_.run();
    meter_.stop();
  }

  /// Processor time during the time that counts. After `watch`.
  const cpu_meter& meter() const { return meter_; }

private:
  /// The first signal ends the run; the next one has its usual effect.
  void await_signal() {
    signals_.async_wait([this](const asio::error_code& ec, int) {
      if (ec)
        return;
      run_.end_now();
      meter_.stop();
      signals_.clear();
    });
  }

  void await_counting() {
    counting_.expires_at(run_.counts_from);
    counting_.async_wait([this](const asio::error_code& ec) {
      if (!ec)
        meter_.start();
    });
  }

  void await_end() {
    if (run_.end() == clock::time_point::max())
      return;
    ending_.expires_at(run_.end());
    ending_.async_wait([this](const asio::error_code& ec) {
      if (!ec)
        meter_.stop();
    });
  }

  void tick() {
    timer_.expires_after(1s);
    timer_.async_wait([this](const asio::error_code& ec) {
      if (ec)
        return;
      progress_.show();
      tick();
    });
  }

  run_state& run_;
  asio::io_context loop_;
  asio::signal_set signals_{loop_, SIGINT, SIGTERM};
  asio::steady_timer timer_{loop_};
  asio::steady_timer counting_{loop_};
  asio::steady_timer ending_{loop_};
  progress progress_;
  cpu_meter meter_;
  std::size_t running_ = 0;
};

/// The length of the time that counts: up to the end of the run, or up to the last answer if only
/// the number of requests was limited.
double counted_seconds(const run_state& run, const tally& seen) {
  const auto end = run.end() == clock::time_point::max() ? seen.last_end : run.end();
  return std::max(0.0, std::chrono::duration<double>(end - run.counts_from).count());
}

} // namespace

outcome run(const options& plan) {
  auto servers = resolve(plan.target);
  auto aside = plan.aside ? resolve(*plan.aside) : servers;
  run_state state{plan, servers, aside, fmt::format("bench-{:08x}", std::random_device{}())};
  std::deque<lane> lanes;
  for (unsigned i = 0; i < plan.threads; ++i)
    lanes.emplace_back(state, i);
  overseer main{state};
  main.watch(lanes);
  outcome result;
  for (const auto& l : lanes)
    result.seen.merge(l.results());
  result.seconds = counted_seconds(state, result.seen);
  result.own_cpu = main.meter().own();
  result.watched_cpu = main.meter().watched();
  return result;
}

} // namespace nekod::load
