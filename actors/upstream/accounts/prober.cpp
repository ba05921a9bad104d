#include "actors/upstream/accounts/prober.hpp"

#include <caf/send.hpp>

#include <utility>

namespace nekod {

void prober_state::start(std::vector<std::shared_ptr<upstream_service>> services) {
  services_ = std::move(services);
  looking_.assign(services_.size(), false);
  for (std::size_t index = 0; index < services_.size(); ++index)
    services_[index]->on_probes_needed([handle = caf::actor_cast<prober_actor>(self_), index] {
      caf::anon_send(handle, atom::opened_v, std::uint64_t{index});
    });
}

void prober_state::opened(std::size_t index) {
  if (!looking_[index])
    look(index);
}

void prober_state::look(std::size_t index) {
  const auto wait = services_[index]->probe();
  looking_[index] = wait.has_value();
  if (wait)
    self_->delayed_send(self_, *wait, atom::probe_v, std::uint64_t{index});
}

private_prober_actor::behavior_type
prober(private_prober_actor::stateful_pointer<prober_state> self,
       std::vector<std::shared_ptr<upstream_service>> services) {
  self->state.start(std::move(services));
  return {
      [self](atom::opened, std::uint64_t index) { self->state.opened(index); },
      [self](atom::probe, std::uint64_t index) { self->state.look(index); },
  };
}

} // namespace nekod
