#pragma once

#include "actors/messages.hpp"

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <chrono>
#include <optional>

namespace nekod::test {

/// An actor system whose actors run when the test says so, in virtual time.
class actor_system_fixture {
public:
  actor_system_fixture() : scheduler_(start()) {}

  ~actor_system_fixture() { run(); }

  actor_system_fixture(const actor_system_fixture&) = delete;
  actor_system_fixture& operator=(const actor_system_fixture&) = delete;

  /// Runs the actors until none has a message left.
  void run() { scheduler_.run(); }

  /// Whether an actor has a message left.
  bool has_work() { return scheduler_.has_job(); }

  /// Advances the time, and runs the actors for whatever becomes due.
  void pass(std::chrono::nanoseconds time) {
    run();
    scheduler_.advance_time(time);
    run();
  }

  caf::actor_system& system() { return *system_; }

private:
  caf::scheduler::test_coordinator& start() {
    add_message_types(config_);
    config_.set("scheduler.policy", caf::atom("testing"));
    system_.emplace(config_);
    return dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler());
  }

  caf::actor_system_config config_;
  std::optional<caf::actor_system> system_;
  caf::scheduler::test_coordinator& scheduler_;
};

} // namespace nekod::test
