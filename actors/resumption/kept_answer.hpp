#pragma once

#include "actors/messages.hpp"
#include "actors/resumption/kept_answer_messages.hpp"
#include "actors/resumption/kept_answers.hpp"
#include "actors/resumption/kept_names.hpp"
#include "actors/runtime/home_loop.hpp"
#include "actors/session/answer_log.hpp"
#include "actors/session/response_recorder.hpp"
#include "actors/session/turn_readers.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nekod {

/// The settings that all kept answers share.
struct resumption_rules {
  resumption_rules() = default;

  std::shared_ptr<kept_answers> all;
  /// Tells other nodes of the answers; null if there are none.
  answer_places_actor places;
  /// How long an answer is kept after its end.
  std::chrono::milliseconds age{0};
  /// How long a turn may wait until it begins.
  std::chrono::milliseconds longest_wait{0};
  /// The most bytes of an answer.
  std::size_t max_kept_bytes = 16u << 20;
  /// Whether several nodes share the store, so that another one may run what this one does not
  /// know.
  bool shared = false;
};

/// A turn whose answer is to be kept.
struct kept_answer_options {
  kept_answer_options() = default;

  resumption_rules rules;
  registry_actor registry;
  store_actor store;
  /// The turn to ask for. Its `answer_id` is set.
  open_turn asked;
  /// Makes the objects of the response; null for an API whose answers are not found by their ids.
  std::shared_ptr<const response_recorder> recorder;
  bool background = false;
  /// As in `kept_answers::add`.
  std::string request;
};

/// Keeps the answer of one turn: its log, and how it ended. Its readers come and go, and read at
/// their own pace; the upstream is read without waiting for them.
///
/// In the background, the response is in the store before the turn begins. A failure or a
/// cancellation is stored before readers are told. If a turn is cancelled while it ends, the store
/// decides: the end that it was given first stays.
struct kept_answer_state {
  explicit kept_answer_state(private_kept_answer_actor::stateful_pointer<kept_answer_state> self)
      : self_(self) {}
  kept_answer_state(const kept_answer_state&) = delete;
  kept_answer_state& operator=(const kept_answer_state&) = delete;
  ~kept_answer_state();

  void start(kept_answer_options options, home_loop home);

  caf::result<atom::turn> ask_for_turn();
  caf::result<atom::read> take_reader(reply_actor reply);
  void reader_left(const caf::actor_addr& reply);

  void begin(turn_head head);
  void finish(chat::answer_end end);
  void fail(const chat::failure& reason);

  caf::result<std::string> cancel();
  void forget();
  void discard();
  void store_again();
  void waited();

  /// The response object as it is now.
  std::string object() const;

  static inline const char* name = "kept_answer";

private:
  /// Called by the log; may outlive the state, as long as the log keeps it.
  struct counter : answer_reader {
    explicit counter(kept_answer_state& owner) : owner_(&owner) {}
    void on_more() override {
      if (owner_)
        owner_->count_bytes();
    }
    void leave() noexcept { owner_ = nullptr; }

  private:
    kept_answer_state* owner_;
  };

  bool has_ended() const noexcept { return end_ || failure_; }
  unanswered so_far() const;
  response_record record_of_end() const;
  void open_turn_now();
  void count_bytes();
  void tell_begin(const reply_actor& reply);
  void tell_end(const reply_actor& reply);
  void give_up();
  void conclude();
  void on_cancel_stored(const response_finding& stored);

  private_kept_answer_actor::stateful_pointer<kept_answer_state> self_;
  kept_answer_options options_;
  home_loop home_;
  response_key key_;
  answer_identity identity_;
  /// Set by `start`.
  std::optional<kept_names> names_;
  /// The session of the conversation that the turn names; empty for none.
  std::string conversation_session_;
  /// Null before the turn is asked for, and once it is over.
  reply_actor proxy_;
  turn_readers readers_;
  /// Set when the turn has begun.
  std::optional<turn_head> head_;
  std::shared_ptr<counter> counter_ = std::make_shared<counter>(*this);
  /// Bytes of the answer that are counted.
  std::size_t counted_ = 0;
  /// Whether the turn is given up for want of room.
  bool overfull_ = false;
  /// Set while the end of a turn that failed, or was cancelled, is being stored.
  bool ending_ = false;
  std::vector<caf::typed_response_promise<std::string>> cancels_;
  // How it ended; one of them.
  std::optional<chat::answer_end> end_;
  std::optional<chat::failure> failure_;
};

/// Spawns a KEPT ANSWER, and adds it to the others.
/// @param home The loop of the client's connection.
/// @returns nothing if there is no room for it.
std::optional<kept_answer_actor> spawn_kept_answer(caf::actor_system& system, home_loop home,
                                                   kept_answer_options options);

} // namespace nekod
