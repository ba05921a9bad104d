#include "actors/resumption/turn_proxy.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <utility>

namespace nekod {

namespace {

reply_actor::behavior_type turn_proxy(reply_actor::pointer self, const kept_answer_actor& whom) {
  // The kept answer may have ended, and ends this one then.
  const auto address = caf::actor_cast<caf::actor_addr>(whom);
  const auto hand_on = [self, address](auto&&... what) {
    if (const auto to = caf::actor_cast<kept_answer_actor>(address))
      self->send(to, std::forward<decltype(what)>(what)...);
  };
  // Monitored here, so that the end of the session does not overtake its last words.
  self->set_down_handler([hand_on](const caf::down_msg& m) {
    const auto shutdown = m.reason == caf::exit_reason::user_shutdown;
    hand_on(atom::failed_v, chat::failure{shutdown ? chat::failure_code::overloaded
                                                   : chat::failure_code::internal_error});
  });
  return {
      [self, hand_on](atom::begin begin, turn_head& head, turn_actor& session) {
        self->monitor(session);
        hand_on(begin, std::move(head), std::move(session));
      },
      [hand_on](atom::finish finish, chat::answer_end& end) { hand_on(finish, std::move(end)); },
      [hand_on](atom::failed failed, chat::failure& reason) { hand_on(failed, std::move(reason)); },
  };
}

} // namespace

reply_actor spawn_turn_proxy(caf::actor_system& system, kept_answer_actor whom) {
  return system.spawn(turn_proxy, std::move(whom));
}

} // namespace nekod
