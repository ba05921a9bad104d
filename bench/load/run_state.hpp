#pragma once

#include "bench/load/options.hpp"
#include "bench/load/post_writer.hpp"
#include "bench/load/schedule.hpp"

#include <asio.hpp>
#include <asio/ssl/context.hpp>

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

namespace nekod::load {

/// The state that all threads of a run share: the plan, the times, the progress.
class run_state {
public:
  using endpoints = asio::ip::tcp::resolver::results_type;

  /// Begins now.
  /// @param target The address of requests.
  /// @param elsewhere The address of requests that are not measured.
  run_state(options o, endpoints target, endpoints elsewhere, std::string run_name)
      : plan(std::move(o)),
        servers(std::move(target)),
        aside(std::move(elsewhere)),
        name(std::move(run_name)),
        writer(plan),
        begin(clock::now()),
        counts_from(begin + to_ticks(plan.warm_up)),
        end_(plan.requests > 0 ? clock::time_point::max() : counts_from + to_ticks(plan.duration)) {
  }

  const options plan;
  const endpoints servers;
  /// The address of `--aside`; the target without it.
  const endpoints aside;
  /// For addresses with TLS. Certificates are not checked: what is measured is one's own.
  asio::ssl::context tls{asio::ssl::context::tls_client};
  /// Distinguishes conversations of this run from those of others.
  const std::string name;
  const post_writer writer;
  const clock::time_point begin;
  /// The end of the warm-up.
  const clock::time_point counts_from;

  /// The time from which no more requests start.
  clock::time_point end() const noexcept { return end_.load(std::memory_order_relaxed); }

  /// Ends the run early.
  void end_now() noexcept { end_.store(std::min(end(), clock::now())); }

  bool counts(clock::time_point t) const noexcept { return t >= counts_from && t < end(); }

  /// Whether a request may start at *t*; if so, it is subtracted from `--requests`.
  bool take_start(clock::time_point t) {
    if (t >= end())
      return false;
    return plan.requests == 0 || t < counts_from || taken_.fetch_add(1) < plan.requests;
  }

  /// Whether no request may start any more.
  bool over(clock::time_point t) const noexcept {
    return t >= end() || (plan.requests > 0 && taken_.load() >= plan.requests);
  }

  static clock::duration to_ticks(options::seconds s) {
    return std::chrono::duration_cast<clock::duration>(s);
  }

  // For progress.
  std::atomic<std::uint64_t> answers{0};
  std::atomic<std::uint64_t> pieces{0};
  std::atomic<std::uint64_t> faults{0};
  std::atomic<std::uint64_t> busy{0};

private:
  std::atomic<clock::time_point> end_;
  std::atomic<std::uint64_t> taken_{0};
};

} // namespace nekod::load
