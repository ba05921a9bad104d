#include "actors/upstream/accounts/prober.hpp"

#include <caf/send.hpp>

#include <utility>

namespace nekod {

void prober_state::start(std::vector<std::shared_ptr<upstream_service>> services) {
  services_ = std::move(services);
  looking_.assign(services_.size(), false);
  for (std::size_t place = 0; place < services_.size(); ++place)
    services_[place]->on_probes_needed([handle = caf::actor_cast<prober_actor>(self_), place] {
      caf::anon_send(handle, atom::open_v, std::uint64_t{place});
    });
}

void prober_state::opened(std::size_t place) {
  if (!looking_[place])
    look(place);
}

void prober_state::look(std::size_t place) {
  const auto wait = services_[place]->probe();
  looking_[place] = wait.has_value();
  if (wait)
    self_->delayed_send(self_, *wait, atom::wake_v, std::uint64_t{place});
}

prober_actor::behavior_type prober(prober_actor::stateful_pointer<prober_state> self,
                                   std::vector<std::shared_ptr<upstream_service>> services) {
  self->state.start(std::move(services));
  return {
      [self](atom::open, std::uint64_t place) { self->state.opened(place); },
      [self](atom::wake, std::uint64_t place) { self->state.look(place); },
  };
}

} // namespace nekod
