#include "actors/messages.hpp"

namespace nekod {

std::string_view name_of(session_match m) noexcept {
  switch (m) {
  case session_match::explicit_id:
    return "explicit";
  case session_match::repeated:
    return "repeated";
  case session_match::transcript:
    return "transcript";
  case session_match::fresh:
    return "new";
  case session_match::seeded:
    return "seeded";
  }
  return "new";
}

void add_message_types(caf::actor_system_config& config) {
  config.add_message_types<caf::id_block::nekod_values>()
      .add_message_types<caf::id_block::nekod_atoms>()
      .add_message_types<caf::id_block::nekod_actors>();
}

} // namespace nekod
