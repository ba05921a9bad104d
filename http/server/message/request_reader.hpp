#pragma once

#include "actors/runtime/byte_budget.hpp"
#include "http/server/message/exchange.hpp"
#include "http/server/message/request_head.hpp"
#include "protocol/text/chunk_framing.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace nekod::http {

/// Beyond this number of bytes of request line and header fields nothing more is read.
inline constexpr std::size_t max_request_head = 80u << 10;

/// Bodies up to this size are always read: that is cheaper than closing the connection, the only
/// way not to read them.
inline constexpr std::size_t small_body = 64u << 10;

/// The number of copies of a body while its request is answered: as received, as messages, and in
/// the upstream's request. The budget counts all of them from the first byte on.
inline constexpr std::size_t body_copies = 3;

/// Rules for reading requests.
struct reading_rules {
  /// Bytes of a body; of a request with a longer one, only the head is read.
  std::size_t max_body = 0;
  /// Whether a body that is not small is wanted: asked when the head has arrived, and again each
  /// time the body has doubled. May be empty; is called on any thread, concurrently.
  std::function<bool(const request&)> wants_body;
  /// The budget for all requests while they are read and answered; null for no limit.
  std::shared_ptr<byte_budget> budget;
  /// The largest size of a body that is handed on as it arrives; nothing if the body is read whole.
  /// Asked when the head has arrived, for bodies that are large or chunked. May be empty; is called
  /// on any thread, concurrently.
  std::function<std::optional<std::uint64_t>(const request&)> streams_body;
};

/// Whether *r* is the last request of its connection, by its header or by its version: its client
/// may then close its sending side and wait (RFC 9112, section 9.6).
inline bool is_last(const request& r) noexcept { return !r.keep_alive || !r.takes_chunks; }

/// Reads requests from bytes as they arrive, one after another, without I/O. A request that cannot
/// be read to its end is also complete, and gives the reason; nothing can be read after it.
///
/// A request whose body is handed on as it arrives is complete after its head. After its release
/// the reader continues with that body, and reads no other request before the body's end.
class request_reader {
public:
  explicit request_reader(std::shared_ptr<const reading_rules> rules);

  /// Continues.
  /// @returns the number of bytes read: all of them, unless a request is complete before.
  std::size_t take(std::string_view bytes);

  /// Whether a request is ready to be released.
  bool whole() const noexcept {
    return step_ == step::whole && !(stream_ && (owes_continue_ || broken_));
  }

  /// Whether the rest of a released request is still being read.
  bool streaming() const noexcept { return stream_ && step_ != step::whole; }

  /// Whether its reader must take some bytes before more may be read.
  bool stream_is_full() const { return streaming() && stream_->full(); }

  /// Calls *f* once that is over, on any thread.
  void when_room(std::function<void()> f) { stream_->when_room(std::move(f)); }

  /// The rest of the released request is not wanted any more.
  void forsake() { break_off(unread::body); }

  /// Whether no part of the next request has arrived.
  bool untouched() const noexcept { return step_ == step::head && line_.empty(); }

  /// Whether the head of a request has arrived.
  bool has_head() const noexcept { return step_ != step::head; }

  /// Whether this is the last request of its client. Only after its head.
  bool is_last() const noexcept { return http::is_last(what_); }

  /// Whether a request broke off, so that the bytes after it have no meaning.
  bool broken() const noexcept { return broken_; }

  /// Whether the client waits for "100 Continue". The caller must send it: the next call returns
  /// false.
  bool take_continue_debt() noexcept;

  /// Returns the complete request, and begins to read the next one.
  request release();

private:
  enum class step : std::uint8_t { head, body, chunked_body, whole };

  std::size_t take_head(std::string_view bytes);
  std::size_t take_body(std::string_view bytes);
  std::size_t take_chunked(std::string_view bytes);

  void begin_body(request_head head, std::size_t head_size);
  bool begin_stream(const request_head& head);
  void begin_chunk(std::uint64_t size);
  bool may_have(std::uint64_t size);
  bool append(std::string_view bytes);
  bool make_room(std::size_t size);
  void end_body();
  void break_off(unread why);

  std::shared_ptr<const reading_rules> rules_;
  step step_ = step::head;
  bool broken_ = false;
  bool owes_continue_ = false;
  /// Whether the body is known to be wanted.
  bool wanted_ = false;
  request what_;
  /// The pipe for a body that is handed on; the step after the request's release, and the body's
  /// limit.
  std::shared_ptr<body_pipe> stream_;
  step after_release_ = step::head;
  std::uint64_t longest_stream_ = 0;
  std::uint64_t streamed_ = 0;
  /// The part of a head that has arrived.
  std::string line_;
  chunk_framing chunks_;
  /// Bytes of memory for the request's head and body.
  byte_budget::share held_;
  std::size_t head_size_ = 0;
  /// The most bytes that the body can have.
  std::uint64_t longest_body_ = 0;
  /// The missing bytes of a body of known length.
  std::uint64_t lacking_ = 0;
};

} // namespace nekod::http
