#pragma once

#include "actors/registry/model_catalogue.hpp"
#include "actors/registry/pending_turn.hpp"
#include "actors/registry/registry_messages.hpp"
#include "actors/registry/registry_options.hpp"

#include <caf/error.hpp>
#include <caf/result.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace nekod {

/// The most turns, and the most passing requests, that may wait for lists of models.
inline constexpr std::size_t max_waiting_for_models = 10'000;

/// The turn waits for a list of models.
struct waits_for_models {};

/// The registry's part that knows the models: asks the upstreams for their lists, and keeps the
/// turns and requests that depend on a list that has not arrived yet.
///
/// An old list is used while a new one is on its way. `take` and `look_again` return turns that
/// have waited; `choose` is to be called for them again.
class models {
public:
  /// @param self The registry, which receives the upstreams' answers and the reminders.
  models(private_registry_actor::pointer self, const registry_options& o);

  // -- for turns ---------------------------------------------------------------------------------

  /// The model of a turn, or the reason why there is none. If that depends on a list that is not
  /// known, *t* is taken and kept.
  std::variant<model_choice, chat::failure, waits_for_models> choose(pending_turn& t);

  /// The upstream for a request that passes through, as `registry_actor` describes.
  caf::result<model_choice> choose_passed(const std::string& name);

  // -- lists -------------------------------------------------------------------------------------

  /// The models, after asking for lists that are old.
  caf::result<model_list> list();

  /// The models, after asking for all lists, unless that was done within the last second.
  caf::result<model_list> fresh_list();

  /// Asks for the lists if they are old.
  void refresh_if_old();

  /// Asks for the lists to see whether an upstream answers, at most as often as after a failure.
  void refresh_for_health();

  void use(model_aliases aliases) { catalogue_.use(std::move(aliases)); }

  // -- what happens ------------------------------------------------------------------------------

  /// Processes an upstream's answer. @returns the turns that waited.
  std::deque<pending_turn> take(models_answer answer);

  /// A second has passed since a turn began to wait. @returns the turns that waited. Those of them
  /// that wait again need `refresh_if_awaited`.
  std::deque<pending_turn> look_again();

  /// Asks for the lists if turns wait for them.
  void refresh_if_awaited();

  /// Fails all requests. @returns the turns that waited.
  std::deque<pending_turn> stop(const caf::error& reason);

private:
  /// A question for the upstream of a request that passes.
  struct waiting_pass {
    std::string model;
    caf::typed_response_promise<model_choice> client;
  };

  std::chrono::steady_clock::time_point now() const { return self_->clock().now(); }
  void refresh();
  void update(models_answer answer);
  void answer_waiting();

  private_registry_actor::pointer self_;
  std::vector<routed_upstream> upstreams_;
  std::chrono::seconds age_;
  std::chrono::seconds retry_;
  model_catalogue catalogue_;
  /// Upstreams that were asked and have not answered yet.
  std::size_t asked_ = 0;
  /// Whether one of them failed.
  bool has_failed_ = false;
  /// Why the first upstream failed, the last time that it did.
  chat::failure default_failure_{chat::failure_code::upstream_error};
  std::chrono::steady_clock::time_point expire_;
  std::chrono::steady_clock::time_point asked_at_;
  std::deque<pending_turn> turns_;
  /// Whether a reminder for `look_again` is under way.
  bool reminded_ = false;
  std::vector<caf::typed_response_promise<model_list>> lists_;
  std::vector<waiting_pass> passes_;
};

} // namespace nekod
