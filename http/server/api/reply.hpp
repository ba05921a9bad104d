#pragma once

#include "actors/messages.hpp"
#include "actors/runtime/byte_budget.hpp"
#include "actors/runtime/metrics.hpp"
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

/// What all replies of a server have in common.
struct reply_options {
  openai::language language = openai::language::zh;
  /// A stream that is silent for so long gets a comment line.
  std::chrono::milliseconds heartbeat{15'000};
  /// How long a turn may wait for its beginning.
  std::chrono::milliseconds longest_wait{600'000};
  /// Bytes of text that an answer in one piece may have.
  std::size_t max_whole_answer = 16u << 20;
  /// Bytes of the upstream's window that have to be used up before the session hears of it.
  std::size_t credit_step = 32u << 10;
  /// Bytes of events after which a write is full. Text waits unwritten, since an event is some ten
  /// times as long as its text.
  std::size_t full_write = 32u << 10;
  /// What answers that wait may hold in memory together; null for no limit.
  std::shared_ptr<byte_budget> budget;
  std::shared_ptr<metrics> counts = std::make_shared<metrics>();
};

/// One answer on its way to its client: a stream of events, or one JSON body.
///
/// A stream's head waits for the first text, so that a failure before it has its own status; but no
/// longer than a heartbeat. One write is under way at a time; what comes meanwhile leaves with the
/// next.
struct reply_state {
  explicit reply_state(reply_actor::stateful_pointer<reply_state> self) : self_(self) {}
  reply_state(const reply_state&) = delete;
  reply_state& operator=(const reply_state&) = delete;

  void start(exchange_ptr x, std::shared_ptr<const openai::chat_request> request,
             std::string request_id, std::shared_ptr<const reply_options> options);

  void begin(turn_head head, credit_actor session);
  /// Another upstream than the turn's own answers, with that model.
  void answered_elsewhere(const std::string& upstream, const std::string& model);
  void take(deltas& text, std::uint64_t bytes);
  void finish(openai::answer_end end);
  void fail(const openai::error& reason);
  void written();
  void idle();
  /// The client left, then.
  void leave(std::chrono::steady_clock::time_point then);

  static inline const char* name = "reply";

private:
  void begin_stream();
  bool may_write();
  void pump();
  void fill_write();
  void grant(std::uint64_t bytes);
  void count_chunks(const deltas& text);
  bool hold_what_waits();
  void fail_for_room();
  fields answer_fields(const char* content_type) const;
  bool knows_upstream() const;
  void append_piece(std::string_view piece);
  void end_stream();
  void end_whole();

  reply_actor::stateful_pointer<reply_state> self_;
  exchange_ptr exchange_;
  std::shared_ptr<const openai::chat_request> request_;
  std::string request_id_;
  std::shared_ptr<const reply_options> options_;

  /// Set when the turn began.
  std::optional<turn_head> head_;
  credit_actor session_;
  openai::completion_head completion_;
  std::optional<openai::chunk_writer> writer_;

  /// A stream: pieces that are in no event yet, from *next_piece_* on. An answer in one piece: all
  /// of its text.
  deltas waiting_;
  std::size_t next_piece_ = 0;
  /// Events that go out with the next write.
  std::string pending_;
  /// How the answer ended, once it did.
  std::optional<openai::answer_end> ending_;

  // Bytes of the upstream's window: that what waits has cost; that the events of the next write and
  // of the one under way have; that left since the session last heard.
  std::uint64_t waiting_bytes_ = 0;
  std::uint64_t writing_bytes_ = 0;
  std::uint64_t free_bytes_ = 0;
  /// Bytes of the last write.
  std::size_t write_size_ = 0;
  /// Bytes in memory, as they were counted last.
  byte_budget::share held_;
  /// When the last text came.
  std::chrono::steady_clock::time_point last_text_;
  std::shared_ptr<write_progress> progress_ = std::make_shared<write_progress>();
  bool stream_begun_ = false;
  std::chrono::milliseconds waited_{0};
};

/// A REPLY that answers *x*.
reply_actor::behavior_type reply(reply_actor::stateful_pointer<reply_state> self, exchange_ptr x,
                                 std::shared_ptr<const openai::chat_request> request,
                                 std::string request_id,
                                 std::shared_ptr<const reply_options> options);

} // namespace nekod::http
