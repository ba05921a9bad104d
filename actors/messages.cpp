#include "actors/messages.hpp"

#include <caf/actor_system_config.hpp>

namespace nekod {

void add_message_types(caf::actor_system_config& config) {
  config.add_message_types<caf::id_block::nekod_values>()
      .add_message_types<caf::id_block::nekod_atoms>()
      .add_message_types<caf::id_block::nekod_actors>();
}

} // namespace nekod
