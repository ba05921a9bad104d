#include "actors/runtime/scheduler.hpp"

#include "actors/runtime/home_loop.hpp"
#include "actors/runtime/loop_clock.hpp"

#include <asio/defer.hpp>
#include <asio/io_context.hpp>
#include <caf/all.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <vector>

namespace nekod {

namespace {

/// CAF's scheduler on our event loops.
class loop_coordinator : public caf::scheduler::abstract_coordinator {
public:
  loop_coordinator(caf::actor_system& system, event_loops& loops)
      : abstract_coordinator(system),
        loops_(loops),
        clock_(loops[0]),
        unit_(*this),
        jobs_(loops.size()) {}

  caf::actor_clock& clock() noexcept override { return clock_; }

protected:
  void enqueue(caf::resumable* job) override {
    const auto* bound = dynamic_cast<const loop_bound*>(job);
    const auto home = bound ? bound->home().index() : std::nullopt;
    const auto where = home ? *home : loops_.here();
    ++jobs_[where].count;
    asio::defer(loops_[where], [this, job, where] {
      run(job);
      --jobs_[where].count;
    });
  }

  void stop() override {
    stop_actors();
    clock_.cancel_all();
    auto left = [this] {
      return std::any_of(jobs_.begin(), jobs_.end(), [](const auto& j) { return j.count > 0; });
    };
    while (left())
      loops_.poll();
  }

private:
  /// The execution unit to which an actor adds another one that it has made ready; stateless, so
  /// all threads share it.
  class loop_unit : public caf::execution_unit {
  public:
    explicit loop_unit(loop_coordinator& parent)
        : execution_unit(&parent.system()), parent_(parent) {}

    void exec_later(caf::resumable* job) override { parent_.enqueue(job); }

  private:
    loop_coordinator& parent_;
  };

  /// The number of jobs in a loop's queue or running. On its own cache line, since other threads
  /// write the others.
  struct alignas(64) job_count {
    std::atomic<std::size_t> count{0};
  };

  void run(caf::resumable* job) {
    switch (job->resume(&unit_, max_throughput_)) {
    case caf::resumable::resume_later:
      enqueue(job);
      break;
    case caf::resumable::done:
    case caf::resumable::awaiting_message:
      caf::intrusive_ptr_release(job);
      break;
    case caf::resumable::shutdown_execution_unit:
      break;
    }
  }

  event_loops& loops_;
  loop_clock clock_;
  loop_unit unit_;
  std::vector<job_count> jobs_;
};

} // namespace

void run_actors_on(event_loops& loops, caf::actor_system_config& config) {
  config.set("scheduler.max-throughput", messages_per_turn);
  config.module_factories.emplace_back([&loops](caf::actor_system& system) {
    return new loop_coordinator(system, loops); // CAF's module list takes ownership.
  });
}

} // namespace nekod
