#pragma once

#include "actors/messages.hpp"
#include "actors/runtime/byte_budget.hpp"
#include "actors/runtime/home_loop.hpp"
#include "actors/runtime/metrics.hpp"
#include "actors/runtime/observations.hpp"
#include "actors/session/answer_log.hpp"
#include "http/server/api/answer/answer_writer.hpp"
#include "http/server/listen/write_progress.hpp"
#include "http/server/message/exchange.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace nekod::http {

/// Settings that all replies of a server share.
struct reply_options {
  nekod::language language = language::zh;
  /// A stream that is silent for this long gets a comment line.
  std::chrono::milliseconds heartbeat{15'000};
  /// How long a turn may wait until it begins.
  std::chrono::milliseconds longest_wait{600'000};
  /// The most bytes of text in a whole answer.
  std::size_t max_whole_answer = 16u << 20;
  /// The bytes of events after which a write is full. Text waits unwritten, since an event is some
  /// ten times as long as its text.
  std::size_t full_write = 32u << 10;
  /// Counts the memory of all waiting answers; null for no limit.
  std::shared_ptr<byte_budget> budget;
  std::shared_ptr<metrics> counts = std::make_shared<metrics>();
};

/// A REPLY with the messages that its own socket sends it. Only the reply has such a handle.
using private_reply_actor = reply_actor::extend<
    // A write has left. There is more to write, or credit to grant.
    caf::reacts_to<atom::written>,
    // The client left at that time.
    caf::reacts_to<atom::gone, std::chrono::steady_clock::time_point>,
    // Nothing has been written for a while.
    caf::reacts_to<atom::silent>>;

/// One answer on its way to its client, in the form of its writer.
///
/// Reads the turn's log, which calls it as pieces arrive. A stream's head waits for the first text,
/// so that a failure before it has its own status, but for no longer than a heartbeat. One write is
/// under way at a time; whatever arrives meanwhile is sent with the next one.
struct reply_state {
  explicit reply_state(private_reply_actor::stateful_pointer<reply_state> self) : self_(self) {}
  reply_state(const reply_state&) = delete;
  reply_state& operator=(const reply_state&) = delete;
  ~reply_state();

  void start(exchange_ptr x, std::shared_ptr<const chat::request> request,
             std::unique_ptr<answer_writer> writer, std::string request_id,
             std::shared_ptr<const reply_options> options, home_loop home);

  void begin(turn_head head, turn_actor session);
  void finish(chat::answer_end end);
  void fail(const chat::failure& reason);
  void written();
  void idle();
  /// The client left at that time.
  void leave(std::chrono::steady_clock::time_point then);

  static inline const char* name = "reply";

private:
  /// Called by the log; may outlive the state, as long as the log keeps it.
  struct log_reader : answer_reader {
    explicit log_reader(reply_state& owner) : owner_(&owner) {}
    void on_more() override {
      if (owner_)
        owner_->on_more();
    }
    void leave() noexcept { owner_ = nullptr; }

  private:
    reply_state* owner_;
  };

  void on_more();
  void begin_stream();
  void pump();
  answer_log::progress fill_write();
  void introduce();
  void name_answerer();
  void count_pieces(std::size_t pieces);
  bool hold(std::size_t waiting);
  void fail_for_room();
  void fail_soon(chat::failure reason);
  fields answer_fields() const;
  bool knows_upstream() const;
  bool has_text() const noexcept { return last_text_ != std::chrono::steady_clock::time_point{}; }
  void end_stream();
  void end_whole();
  answer_log::reader_id reader() const noexcept { return self_->id(); }

  private_reply_actor::stateful_pointer<reply_state> self_;
  exchange_ptr exchange_;
  std::shared_ptr<const chat::request> request_;
  std::unique_ptr<answer_writer> writer_;
  std::string request_id_;
  std::shared_ptr<const reply_options> options_;
  home_loop home_;

  /// Set when the turn has begun.
  std::optional<turn_head> head_;
  turn_actor session_;
  std::shared_ptr<log_reader> log_reader_ = std::make_shared<log_reader>(*this);

  /// Events for the next write.
  std::string pending_;
  /// How the answer ended, once it has.
  std::optional<chat::answer_end> ending_;
  /// The number of pieces that have been counted.
  std::size_t seen_ = 0;
  /// Whether a failure is on its way to the actor.
  bool failing_ = false;
  /// Whether unread pieces are to be dropped.
  bool dropped_ = false;
  /// The bytes of the last write.
  std::size_t write_size_ = 0;
  /// The bytes in memory, as last counted.
  byte_budget::share held_;
  /// When the last text arrived.
  std::chrono::steady_clock::time_point last_text_;
  std::optional<observations> between_texts_;
  std::shared_ptr<write_progress> progress_ = std::make_shared<write_progress>();
  bool stream_begun_ = false;
  std::chrono::milliseconds waited_{0};
  /// How long no piece came, in heartbeats.
  std::chrono::milliseconds silence_{0};
};

/// Spawns a REPLY that answers *x* in the form of *writer*.
/// @param home The loop of the exchange's connection.
reply_actor spawn_reply(caf::actor_system& system, home_loop home, exchange_ptr x,
                        std::shared_ptr<const chat::request> request,
                        std::unique_ptr<answer_writer> writer, std::string request_id,
                        std::shared_ptr<const reply_options> options);

} // namespace nekod::http
