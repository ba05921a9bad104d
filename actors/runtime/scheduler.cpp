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
#include <optional>
#include <typeinfo>
#include <vector>

namespace nekod {

namespace {

/// The part of *job* that names its loop; null for none. That part has the same place in all
/// objects of a type, so it is searched for once a type and thread: `dynamic_cast` takes longer
/// than all the rest of `enqueue`.
const loop_bound* bound_part_of(const caf::resumable& job) {
  struct known_type {
    const std::type_info* type;
    std::optional<std::ptrdiff_t> place;
  };
  thread_local std::vector<known_type> known;
  const auto* whole = static_cast<const char*>(dynamic_cast<const void*>(&job));
  const auto* type = &typeid(job);
  auto found =
      std::find_if(known.begin(), known.end(), [type](const auto& k) { return k.type == type; });
  if (found == known.end()) {
    const auto* part = dynamic_cast<const loop_bound*>(&job);
    std::optional<std::ptrdiff_t> place;
    if (part)
      place = reinterpret_cast<const char*>(part) - whole;
    found = known.insert(known.end(), {type, place});
  }
  return found->place ? reinterpret_cast<const loop_bound*>(whole + *found->place) : nullptr;
}

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
    const auto* bound = bound_part_of(*job);
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
