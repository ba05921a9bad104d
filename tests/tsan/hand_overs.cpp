#include "actors/runtime/scheduler.hpp"

#include <caf/all.hpp>

#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

/// Checks the thread sanitizer itself: actors on several threads hand each other texts and handles,
/// which must cause no report. With the argument `race` they also count in a variable that no
/// message protects, which must cause one.
namespace {

constexpr std::size_t threads = 4;
constexpr std::size_t actors = 6;
constexpr std::size_t texts_each = 5000;

std::size_t unguarded = 0;

struct relay_state {
  relay_state() = default;

  std::size_t handled = 0;
  std::string last;
  static inline const char* name = "relay";
};

/// Passes texts on to the actors they name, a limited number of times.
caf::behavior relay(caf::stateful_actor<relay_state>* self, bool races) {
  return {[self, races](const std::string& text, const caf::actor& next) {
    self->state.last = text + "!";
    if (races)
      ++unguarded;
    if (++self->state.handled == texts_each)
      self->quit();
    else
      self->send(next, self->state.last.substr(1), caf::actor_cast<caf::actor>(self));
  }};
}

/// Ends once all actors have finished, or wait for finished ones.
void run(caf::actor_system& system, bool races) {
  std::vector<caf::actor> all;
  for (std::size_t i = 0; i < actors; ++i)
    all.push_back(system.spawn(relay, races));
  for (std::size_t step = 1; step < actors; ++step)
    for (std::size_t i = 0; i < actors; ++i)
      caf::anon_send(all[i], std::string(100, 't'), all[(i + step) % actors]);
}

} // namespace

int main(int argc, char** argv) {
  auto races = argc > 1 && std::strcmp(argv[1], "race") == 0;
  nekod::event_loops loops{threads};
  caf::actor_system_config config;
  nekod::run_actors_on(loops, config);
  caf::actor_system system{config};
  loops.run();
  run(system, races);
  system.await_all_actors_done();
  loops.stop();
}
