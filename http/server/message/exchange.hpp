#pragma once

#include "actors/runtime/byte_budget.hpp"
#include "http/server/message/body_pipe.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// One HTTP request and its answer, independent of RESTinio: the handlers' view of the server.
namespace nekod::http {

/// Header fields in the order in which they are sent.
using fields = std::vector<std::pair<std::string, std::string>>;

/// Why a request was not read to its end.
enum class unread : std::uint8_t {
  /// It was read to its end.
  nothing,
  /// It is not valid HTTP, or could be taken for two requests.
  malformed,
  /// Its line and header fields exceed the limit on reading.
  head,
  /// Its body is too long, or not wanted.
  body,
  /// The server's budget has no room for it.
  room,
};

/// A request.
struct request {
  /// As received; known methods are in capitals.
  std::string method;
  /// Without host and query, percent-encoded as received.
  std::string path;
  /// After the `?`; empty for none.
  std::string query;
  std::string body;
  /// The host and port, if the target is an absolute URL; usually empty.
  std::string authority;
  /// Replaces *body* if that is handed on as it arrives; otherwise null.
  std::shared_ptr<body_pipe> stream;
  /// The peer's address, without its port.
  std::string peer;
  fields headers;
  /// The missing part of the request; such a request can only be refused.
  unread missing = unread::nothing;
  /// The length of the body, even of a missing one, as far as it is known.
  std::uint64_t body_size = 0;
  /// Whether another request may follow on the connection.
  bool keep_alive = true;
  /// Whether the client supports chunked bodies; false for HTTP/1.0.
  bool takes_chunks = true;
  /// Its share of the server's budget, until it is answered.
  byte_budget::share held;

  /// The first field of that name, in any case; empty for none.
  std::string_view header(std::string_view name) const noexcept;

  /// The number of bytes of all header fields as received.
  std::size_t header_size() const noexcept;
};

/// The notes of handlers for the log line of an exchange. Written before the handler releases the
/// exchange.
struct exchange_notes {
  std::string request_id;
  /// The endpoint's name in metrics, of a fixed set.
  std::string endpoint = "other";
  /// The client's address, also behind trusted proxies; empty for the peer's.
  std::string client;
  /// The tenant of the key; empty for none.
  std::string tenant;
  /// For a turn: its session, the rule that found it, the upstream and the model.
  std::string session;
  std::string match;
  std::string upstream;
  std::string model;
  /// The answer's id, as its client knows it.
  std::string answer;
  /// The number of pieces of text sent.
  std::uint64_t chunks = 0;
  /// The error's code if it failed; empty otherwise.
  std::string error;
};

/// The outcome of an exchange.
struct exchange_outcome {
  /// 0 if the client left before there was one.
  std::uint16_t status = 0;
  /// Whether the client left before the answer had ended.
  bool client_left = false;
  /// From the request's arrival to the first byte of the answer, if there was one, and to its end.
  std::optional<std::chrono::microseconds> first_byte;
  std::chrono::microseconds duration{0};
};

/// One answer. Answer once: either `respond`, or `begin` and then any number of `write` until
/// `finish` or `abort`. Calls may come from any thread, one at a time; after the client has left,
/// or the answer has ended, they do nothing.
///
/// An exchange that is dropped without an answer answers 500.
class exchange {
public:
  /// Called when bytes have been handed to the system. Runs on the event loop, so it must not
  /// block.
  using written_handler = std::function<void()>;
  /// Called once, when the connection closes before the answer has ended. Runs on the event loop.
  using gone_handler = std::function<void()>;
  using idle_handler = std::function<void()>;

  exchange() = default;
  exchange(const exchange&) = delete;
  exchange& operator=(const exchange&) = delete;
  virtual ~exchange() = default;

  /// The request; its handler may move parts out of it.
  virtual request& req() noexcept = 0;

  /// For the log line that is written when the exchange is dropped.
  virtual exchange_notes& notes() noexcept = 0;

  /// When the request arrived.
  virtual std::chrono::steady_clock::time_point arrived() const noexcept = 0;

  /// Sets the further fields of the answer, in place of earlier ones. To be called before the
  /// answer.
  virtual void carry(fields more) = 0;

  /// Adds to the fields that the answer carries. To be called before the answer.
  virtual void carry_also(fields more) = 0;

  /// A whole answer. `Content-Length` is added; for HEAD the body is omitted.
  virtual void respond(std::uint16_t status, fields headers, std::string body) = 0;

  /// The header of an answer in chunks; sent with the first `write`.
  virtual void begin(std::uint16_t status, fields headers) = 0;

  /// The same for an answer whose own fields give the length of its body: nothing is added to them,
  /// and the body is sent unchanged.
  /// @param bodiless Whether there is no body, whatever the fields say, as in an answer to HEAD.
  virtual void begin_as_is(std::uint16_t status, fields headers, bool bodiless) = 0;

  /// The next bytes of the body. *f* is called when the last of them has been handed to the system,
  /// from within this call if that is at once, and not at all if the client left before.
  virtual void write(std::string bytes, written_handler f) = 0;

  /// The body is complete.
  virtual void finish() = 0;

  /// Sends what was written, then cuts the connection without ending the body: for the simulator's
  /// failures, and for an answer that nobody finished. Before any answer, and while the handler is
  /// running, it cuts without a byte.
  virtual void abort() = 0;

  /// Adds `Connection: close` to an answer that has not begun, and closes after it.
  virtual void close_after() = 0;

  /// Runs *f* soon on the connection's event loop: one at a time, in the order of the calls.
  virtual void post(std::function<void()> f) = 0;

  /// Sets the handler for the client's leaving; it is called at once if the client has left
  /// already.
  virtual void on_gone(gone_handler f) = 0;

  /// Calls *f* each time nothing was written for *period*, from now until the answer ends.
  virtual void on_idle(std::chrono::milliseconds period, idle_handler f) = 0;
};

using exchange_ptr = std::shared_ptr<exchange>;

} // namespace nekod::http
