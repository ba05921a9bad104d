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

/// One HTTP request and its answer, without a word of RESTinio: what handlers see of the server.
namespace nekod::http {

/// Header fields in the order they go out.
using fields = std::vector<std::pair<std::string, std::string>>;

/// Why a request was not read to its end.
enum class unread : std::uint8_t {
  /// It was.
  nothing,
  /// It is no HTTP, or could be taken for two requests.
  malformed,
  /// Its line and header fields are longer than any that are read.
  head,
  /// Its body is too long, or nobody wanted it.
  body,
  /// The server's budget had no room for it.
  room,
};

/// A request.
struct request {
  /// As it came; the known ones are in capitals.
  std::string method;
  /// Below the host, percent-encoded as it came, without the query.
  std::string path;
  /// Behind the `?`; empty for none.
  std::string query;
  std::string body;
  /// The host with its port, where the target is a whole address; empty for most.
  std::string authority;
  /// In place of *body*, where that is handed on as it comes; else null.
  std::shared_ptr<body_pipe> stream;
  /// The peer's address, without its port.
  std::string peer;
  fields headers;
  /// What of it is not here; all there is to do then is to refuse it.
  unread missing = unread::nothing;
  /// Bytes of the body, of one that is not here too, as far as they are known.
  std::uint64_t body_size = 0;
  /// Whether the connection may have another request behind this.
  bool keep_alive = true;
  /// Whether its client knows of bodies in chunks; not so in HTTP/1.0.
  bool takes_chunks = true;
  /// What it holds of the server's budget, as long as it is being answered.
  byte_budget::share held;

  /// The first field of that name (letters' case does not matter); empty for none.
  std::string_view header(std::string_view name) const noexcept;

  /// Bytes of all header fields together, as they came.
  std::size_t header_size() const noexcept;
};

/// What handlers know of an exchange that its log line tells. Written by whoever answers, before it
/// lets go of the exchange.
struct exchange_notes {
  std::string request_id;
  /// The endpoint's word in metrics, of a bounded set.
  std::string endpoint = "other";
  /// The client's address, behind trusted proxies too; empty for the peer's.
  std::string client;
  /// Whose key it was; empty for none.
  std::string tenant;
  /// Of a turn: its session, the rule that found it, the upstream and the model.
  std::string session;
  std::string match;
  std::string upstream;
  std::string model;
  /// Pieces of text sent on.
  std::uint64_t chunks = 0;
  /// Why it failed, an error's stable word; empty for none.
  std::string error;
};

/// What became of an exchange.
struct exchange_outcome {
  /// 0 where the client left before there was one.
  std::uint16_t status = 0;
  /// Whether the client left before the answer had ended.
  bool client_left = false;
  /// From the request's arrival to the answer's first byte, where there was one, and to its end.
  std::optional<std::chrono::microseconds> first_byte;
  std::chrono::microseconds duration{0};
};

/// One answer on its way out. Answer once: either `respond`, or `begin` and then any number of
/// `write` until `finish` or `abort`. Calls may come from any thread, one at a time; after the
/// client left, or after the answer ended, they do nothing.
///
/// An exchange that is dropped without an answer answers 500.
class exchange {
public:
  /// Told that bytes left. Runs on the event loop, so it must not block.
  using written_handler = std::function<void()>;
  /// Told once, when the connection closed before the answer had ended. Runs on the event loop.
  using gone_handler = std::function<void()>;
  using idle_handler = std::function<void()>;

  exchange() = default;
  exchange(const exchange&) = delete;
  exchange& operator=(const exchange&) = delete;
  virtual ~exchange() = default;

  /// The request; whoever handles it may move parts out.
  virtual request& req() noexcept = 0;

  /// For the log line that is written when the exchange is dropped.
  virtual exchange_notes& notes() noexcept = 0;

  /// When the request had arrived.
  virtual std::chrono::steady_clock::time_point arrived() const noexcept = 0;

  /// Fields that its answer has besides those it is answered with. To be set before it is answered.
  virtual void carry(fields more) = 0;

  /// A whole answer. `Content-Length` is added; to HEAD the body is left out.
  virtual void respond(std::uint16_t status, fields headers, std::string body) = 0;

  /// The head of an answer in chunks; goes out with the first `write`.
  virtual void begin(std::uint16_t status, fields headers) = 0;

  /// The same for an answer whose own fields say how long its body is, if it has one: nothing is
  /// added to them, and what is written goes out as it is.
  /// @param bodiless Whether it has none, whatever its fields say, as an answer to HEAD has.
  virtual void begin_as_is(std::uint16_t status, fields headers, bool bodiless) = 0;

  /// The next bytes of the body. *f* is called when the last of them was handed to the system, and
  /// not at all if the client left before.
  virtual void write(std::string bytes, written_handler f) = 0;

  /// The body is whole.
  virtual void finish() = 0;

  /// What was written goes out, then the connection is cut without the body's end: for an upstream
  /// that fails, as the simulator plays it, and for an answer that nobody finished. Before any
  /// answer, and while the handler still runs, it cuts without a byte.
  virtual void abort() = 0;

  /// Says `Connection: close` in an answer that has not begun, and closes after it.
  virtual void close_after() = 0;

  /// Runs *f* on the connection's event loop, soon: one at a time, in the order of the calls.
  virtual void post(std::function<void()> f) = 0;

  /// Whom to tell when the client leaves; told at once if it has left already.
  virtual void on_gone(gone_handler f) = 0;

  /// Calls *f* each time nothing was written for *period*, from now until the answer ends.
  virtual void on_idle(std::chrono::milliseconds period, idle_handler f) = 0;
};

using exchange_ptr = std::shared_ptr<exchange>;

} // namespace nekod::http
