#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// The HTTP interface of upstreams: `http/client` implements it, and tests with a script. So no
/// actor deals with sockets.
namespace nekod {

/// The time limits of a call, each for itself.
struct time_limits {
  /// Until the connection is established, including TLS.
  std::chrono::milliseconds connect{5'000};
  /// From the call's start to its first response byte.
  std::chrono::milliseconds first_byte{30'000};
  /// Between two reads of the response, while we are willing to read.
  std::chrono::milliseconds silence{30'000};
  /// The whole call.
  std::chrono::milliseconds whole{600'000};
};

/// A body that is pulled while it is sent. Called on any thread, one call at a time.
class body_source {
public:
  enum class state : std::uint8_t {
    /// Bytes were delivered.
    more,
    /// There will be more later.
    waiting,
    /// The body is complete.
    ended,
    /// The rest of the body will not come.
    broken,
  };

  struct piece {
    std::size_t size = 0;
    state how = state::waiting;
  };

  virtual ~body_source() = default;

  /// Whether a `read` has returned `broken`.
  virtual bool is_broken() const = 0;

  /// The bytes of the whole body; nothing if that is not known.
  virtual std::optional<std::uint64_t> length() const = 0;

  /// Moves up to *room* bytes to *to*.
  /// @param when_more Called once, on any thread, when it is worth trying again; only if this call
  ///                  returns `waiting`.
  virtual piece read(char* to, std::size_t room, const std::function<void()>& when_more) = 0;
};

/// Header fields in the order in which they arrived.
using header_fields = std::vector<std::pair<std::string, std::string>>;

/// One HTTP request.
struct http_call {
  std::string method;
  std::string url;
  header_fields headers;
  std::string body;
  /// Replaces *body* if the body is sent while it arrives; else null. Such a call is never
  /// repeated.
  std::shared_ptr<body_source> source;
  /// Whether the response passes on unchanged: its head has its fields and is delivered as soon as
  /// it arrives, and its body is not decoded.
  bool passes = false;
  time_limits limits;
  /// Whether the call may be sent again on a new connection if a pooled one died under it. Not for
  /// a call that must not take effect twice.
  bool repeatable = true;
  /// Whether nobody waits for single bytes of the response: those of a body whose length is not
  /// known may be handed on some milliseconds late, many at once, which costs less.
  bool may_gather = false;
};

/// Why a transfer ended without a complete response.
enum class transfer_failure : std::uint8_t {
  none,
  /// No connection: the request certainly did not arrive.
  unreachable,
  /// No connection in time: the request certainly did not arrive.
  connect_timeout,
  /// The server's certificate is not trusted, or TLS failed otherwise: the request did not arrive.
  untrusted,
  /// Connected, but no byte of a response in time.
  first_byte_timeout,
  /// The response stalled.
  silence_timeout,
  /// The whole call took too long.
  whole_timeout,
  /// The connection broke before the response was complete.
  cut,
  /// The response is not HTTP.
  malformed,
  /// The body has an unknown content coding, or is not in the one that its head names.
  undecodable,
  /// A few bytes of a compressed body expanded beyond the limit.
  too_long,
};

/// An event of a transfer, in this order: one `head`, any number of `data`, one `end`; an `end` may
/// come alone. Bodies in gzip, deflate, br and zstd are delivered decoded.
struct transfer_event {
  enum class kind : std::uint8_t { head, data, end };

  transfer_event() = default;

  kind what = kind::end;
  /// The number that `start` was given.
  std::uint64_t transfer = 0;
  // Set by conversations that consist of others, to tell their events apart:

  /// The index of the upstream among those that may answer the turn.
  std::uint32_t upstream = 0;
  /// The number of the chat, if a turn uses several.
  std::uint32_t chat = 0;
  /// In a head.
  std::uint16_t status = 0;
  /// In a head: its `Content-Type` and `Content-Encoding`; empty for none.
  std::string content_type;
  std::string content_coding;
  /// In a head: the wait that its `retry-after-ms` or `Retry-After` asks for, from now on.
  std::optional<std::chrono::milliseconds> retry_after;
  /// In a head of a redirect that is not followed: its target, without query or credentials.
  std::string redirect;
  /// In a head of a passed call: all fields except those of the transfer's own coding.
  std::shared_ptr<const header_fields> fields;
  /// In data.
  std::string bytes;
  /// In an end.
  transfer_failure failure = transfer_failure::none;
};

/// A running call. Dropping it cancels the call: its connection is closed. If it is dropped on the
/// thread that receives its events, even from within an event, no event follows; otherwise one may.
class transfer {
public:
  virtual ~transfer() = default;

  /// Allows *bytes* more of the body. A transfer starts with the transport's window; while that is
  /// used up, the upstream is not read.
  virtual void grant(std::size_t bytes) = 0;

  /// Takes back granted room, below zero if necessary: the bytes that it was granted for have to
  /// wait for a reader after all.
  virtual void take_back(std::size_t bytes) = 0;

  /// The client for whom the call was made left at that time, and the call is about to be dropped.
  /// The time until its connection is closed is measured.
  virtual void abandon(std::chrono::steady_clock::time_point client_left) = 0;
};

/// Whether a call with that failure certainly did not reach its server.
inline bool was_not_sent(transfer_failure f) noexcept {
  return f == transfer_failure::unreachable || f == transfer_failure::connect_timeout ||
         f == transfer_failure::untrusted;
}

/// Makes HTTP calls without blocking. Redirects 307 and 308 within the same origin are followed, up
/// to five; any other is delivered with its status.
class transport {
public:
  /// Receives the events; may move from them.
  using sink = std::function<void(transfer_event&&)>;

  virtual ~transport() = default;

  /// @param number Is in each event.
  /// @param f Called one event at a time, never from within `start` or a function of the transfer:
  ///          on the calling thread, if that runs an event loop with connections to spare; else on
  ///          any loop's.
  virtual std::unique_ptr<transfer> start(std::uint64_t number, http_call call, sink f) = 0;
};

} // namespace nekod
