#pragma once

#include "actors/messages.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace nekod {

/// A PROBER with its messages to itself.
using private_prober_actor = prober_actor::extend<
    // The next probe of the upstream with that index may be due.
    caf::reacts_to<atom::probe, std::uint64_t>>;

/// The state of a prober.
struct prober_state {
  explicit prober_state(private_prober_actor::stateful_pointer<prober_state> self) : self_(self) {}

  /// Starts listening for circuit breakers that open.
  void start(std::vector<std::shared_ptr<upstream_service>> services);

  /// The circuit breaker of the service at that index opened.
  void opened(std::size_t index);

  /// A probe of the service at that index may be due.
  void look(std::size_t index);

  static inline const char* name = "prober";

private:
  private_prober_actor::stateful_pointer<prober_state> self_;
  std::vector<std::shared_ptr<upstream_service>> services_;
  /// By index: whether a look is scheduled.
  std::vector<bool> looking_;
};

/// A PROBER.
private_prober_actor::behavior_type
prober(private_prober_actor::stateful_pointer<prober_state> self,
       std::vector<std::shared_ptr<upstream_service>> services);

} // namespace nekod
