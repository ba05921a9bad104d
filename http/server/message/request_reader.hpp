#pragma once

#include "actors/runtime/byte_budget.hpp"
#include "http/server/message/exchange.hpp"
#include "http/server/message/request_head.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace nekod::http {

/// Bytes of a request's line and header fields past which it is not read on.
inline constexpr std::size_t max_request_head = 80u << 10;

/// Bytes of a body that is read whatever its request is: cheaper than to close the connection,
/// which is the only way not to read it.
inline constexpr std::size_t small_body = 64u << 10;

/// How many copies of a body there are while its request is answered: as it came, as messages, and
/// in what the upstream is sent. The budget counts them all from the first byte on.
inline constexpr std::size_t body_copies = 3;

/// What is read of requests.
struct reading_rules {
  std::size_t max_body = 16u << 20;
  /// Asked, when the head is there, whether a body that is not small is to be read; and again each
  /// time that it has doubled. May be empty, and is called on any thread, several at once.
  std::function<bool(const request&)> wants_body;
  /// What requests may hold together while they are read and answered; null for no limit.
  std::shared_ptr<byte_budget> budget;
  /// Asked, when the head is there, about a body that is not small or comes in chunks: how many
  /// bytes it may have where it is handed on as it comes; nothing where it is read whole. May be
  /// empty, and is called on any thread, several at once.
  std::function<std::optional<std::uint64_t>(const request&)> streams_body;
};

/// Whether *r* said that it is its connection's last, or is of a version in which that goes without
/// saying: its client may close its sending half then and wait (RFC 9112, section 9.6).
inline bool is_last(const request& r) noexcept { return !r.keep_alive || !r.takes_chunks; }

/// Takes requests out of bytes as they come, one after the other, without I/O. A request that
/// cannot be read to its end is whole too, and says why; behind it nothing can be read.
///
/// A request whose body is handed on as it comes is whole when its head is there. Once it was
/// released the reader goes on with that body, and takes no other request before its end.
class request_reader {
public:
  explicit request_reader(std::shared_ptr<const reading_rules> rules);

  /// Reads on.
  /// @returns how many bytes were taken: all of them, unless a request is whole before.
  std::size_t take(std::string_view bytes);

  /// Whether a request is ready to be released.
  bool whole() const noexcept {
    return step_ == step::whole && !(stream_ && (owes_continue_ || broken_));
  }

  /// Whether the rest of a request that was released is still being read.
  bool streaming() const noexcept { return stream_ && step_ != step::whole; }

  /// Whether no more of that may be read before its reader took some.
  bool stream_is_full() const { return streaming() && stream_->full(); }

  /// Calls *f* once that is no longer so, on any thread.
  void when_room(std::function<void()> f) { stream_->when_room(std::move(f)); }

  /// Nobody wants the rest of the request that was released.
  void forsake() { break_off(unread::body); }

  /// Whether nothing has come of the next request.
  bool untouched() const noexcept { return step_ == step::head && line_.empty(); }

  /// Whether the head of a request is there.
  bool has_head() const noexcept { return step_ != step::head; }

  /// Whether its client need not stay to send another behind it. Only where there is a head.
  bool is_last() const noexcept { return http::is_last(what_); }

  /// Whether a request broke off, so that what comes behind it means nothing.
  bool broken() const noexcept { return broken_; }

  /// Whether the client waits for a word before it goes on with the body. Who asks owes it: the
  /// next time this says no.
  bool take_continue_debt() noexcept;

  /// The request that is whole; the next one is read then.
  request release();

private:
  enum class step : std::uint8_t { head, body, chunk_size, chunk, chunk_end, trailer, whole };

  std::size_t take_head(std::string_view bytes);
  std::size_t take_body(std::string_view bytes);
  std::size_t take_chunk_size(std::string_view bytes);
  std::size_t take_chunk(std::string_view bytes);
  std::size_t take_chunk_end(std::string_view bytes);
  std::size_t take_trailer(std::string_view bytes);

  void begin_body(request_head head, std::size_t head_size);
  bool begin_stream(const request_head& head);
  void begin_chunk(std::uint64_t size);
  bool may_have(std::uint64_t size);
  bool append(std::string_view bytes);
  bool make_room(std::size_t size);
  void end_body();
  void break_off(unread why);

  /// Adds to *line_* up to a line's end.
  /// @returns how many bytes were taken.
  std::size_t take_line(std::string_view bytes, std::size_t limit);
  bool line_ended() const noexcept { return !line_.empty() && line_.back() == '\n'; }

  std::shared_ptr<const reading_rules> rules_;
  step step_ = step::head;
  bool broken_ = false;
  bool owes_continue_ = false;
  /// Whether somebody said that the body is wanted.
  bool wanted_ = false;
  request what_;
  /// Where the body goes that is handed on as it comes; with what is the next step after its
  /// request's release, and how long it may be.
  std::shared_ptr<body_pipe> stream_;
  step after_release_ = step::head;
  std::uint64_t longest_stream_ = 0;
  std::uint64_t streamed_ = 0;
  /// What came of a head; of a line of a chunked body.
  std::string line_;
  /// Bytes of memory for the request's head and body.
  byte_budget::share held_;
  std::size_t head_size_ = 0;
  /// Bytes that the body can have at most.
  std::uint64_t longest_body_ = 0;
  /// Bytes that the body, or its chunk, still lacks.
  std::uint64_t lacking_ = 0;
  /// Bytes of trailer fields, which nobody reads.
  std::size_t trailer_size_ = 0;
};

} // namespace nekod::http
