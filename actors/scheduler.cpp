#include "actors/scheduler.hpp"

#include "actors/loop_clock.hpp"

#include <asio/defer.hpp>
#include <caf/all.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <atomic>

namespace nekod {

namespace {

/// CAF's scheduler as a guest on an event loop.
class loop_coordinator : public caf::scheduler::abstract_coordinator {
public:
  loop_coordinator(caf::actor_system& system, asio::io_context& loop)
      : abstract_coordinator(system), loop_(loop), clock_(loop), unit_(*this) {}

  caf::actor_clock& clock() noexcept override { return clock_; }

protected:
  void enqueue(caf::resumable* job) override {
    ++jobs_;
    // Deferred work stays on its thread's own queue until the running handler returns: no lock, no
    // wake-up.
    asio::defer(loop_, [this, job] { run(job); });
  }

  void stop() override {
    stop_actors();
    clock_.cancel_all();
    while (jobs_ > 0) {
      loop_.restart();
      loop_.poll();
    }
  }

private:
  /// Where an actor puts another that it has made ready; has no state, so that all threads share
  /// it.
  class loop_unit : public caf::execution_unit {
  public:
    explicit loop_unit(loop_coordinator& parent)
        : execution_unit(&parent.system()), parent_(parent) {}

    void exec_later(caf::resumable* job) override { parent_.enqueue(job); }

  private:
    loop_coordinator& parent_;
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
    --jobs_;
  }

  asio::io_context& loop_;
  loop_clock clock_;
  loop_unit unit_;
  /// Jobs in the loop's queues or running.
  std::atomic<std::size_t> jobs_{0};
};

} // namespace

void run_actors_on(asio::io_context& loop, caf::actor_system_config& config) {
  config.set("scheduler.max-throughput", messages_per_turn);
  config.module_factories.emplace_back([&loop](caf::actor_system& system) {
    return new loop_coordinator(system, loop); // CAF's module list takes ownership.
  });
}

} // namespace nekod
