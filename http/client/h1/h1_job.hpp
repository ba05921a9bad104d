#pragma once

#include "actors/upstream/transport.hpp"
#include "http/client/client_options.hpp"
#include "http/client/gathering.hpp"
#include "http/client/h1/connection.hpp"
#include "http/client/h1/h1_request.hpp"
#include "http/client/h1/h1_response.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace nekod::http {

/// One transfer: its request, its response, the connection that it uses, and its time limits. Used
/// on its loop's thread. No function but `on_ready` calls the reader.
class h1_job {
public:
  using clock = std::chrono::steady_clock;

  enum class phase : std::uint8_t {
    /// Without a connection.
    queued,
    /// The addresses of its server are not known yet.
    looking_up,
    connecting,
    connected,
  };

  /// The next step of the caller.
  enum class step : std::uint8_t {
    /// To wait for the connection.
    wait,
    /// To give the job a new connection: the pooled one had died.
    connect_anew,
    /// To give it a connection for the redirect's target.
    redirect,
    /// To end it.
    end,
  };

  /// @param options Must outlive the job.
  h1_job(std::uint64_t number, http_call call, transport::sink f, http_url url,
         const client_options& options);

  h1_job(const h1_job&) = delete;
  h1_job& operator=(const h1_job&) = delete;

  h1_request& request() noexcept { return request_; }
  h1_response& response() noexcept { return response_; }

  // Its connection:

  /// The time limit of a new connection begins, with the search for addresses.
  void begin_connecting(clock::time_point now);

  /// There are too many connections: waits without one.
  void wait_for_room() noexcept { phase_ = phase::queued; }

  phase where() const noexcept { return phase_; }

  /// Connects, and sends the request.
  step connect(std::unique_ptr<connection> to, std::vector<socket_address> addresses,
               clock::time_point now);

  /// Sends the request on a pooled connection.
  step use(std::unique_ptr<connection> pooled, clock::time_point now);

  /// The connection, which the job then has no more.
  std::unique_ptr<connection> release();

  /// How long that connection may wait for another request; nothing if it must be closed.
  /// @pre The response has ended without a failure.
  std::optional<clock::duration> idle_time() const;

  // Events:

  /// The connection has *events* of epoll.
  /// @param buffer For the bytes that are read.
  /// @param event For the reader's events.
  step on_ready(std::uint32_t events, std::span<char> buffer, transfer_event& event,
                clock::time_point now);

  /// When `on_ready` is to be called although the connection has no event.
  enum class unseen : std::uint8_t {
    none,
    /// At once: there is more to read than the socket shows.
    waits,
    /// Within `client_options::gather_time`.
    gathers,
  };
  unseen unseen_bytes() const noexcept;

  /// There is room for the body again.
  void resume(clock::time_point now);

  /// There is more of the request's body.
  step resume_sending(clock::time_point now);

  /// The deadline has passed.
  step on_late(clock::time_point now);

  /// Ends with a failure.
  step fail(transfer_failure f) noexcept;

  /// When `on_late` is to be called, unless a byte comes before.
  clock::time_point deadline() const noexcept;

  /// When the deadline is to be looked at, now being *now*: bytes move it to an earlier time only
  /// once, when the first one comes.
  clock::time_point next_look(clock::time_point now) const noexcept;

  transfer_failure failure() const noexcept { return failure_; }

private:
  step go_on(connection::progress p, clock::time_point now);
  step send(clock::time_point now);
  step receive(std::span<char> buffer, transfer_event& event, clock::time_point now);
  step on_close(bool is_clean) noexcept;
  void wait();
  clock::time_point silent_until() const noexcept;

  h1_request request_;
  h1_response response_;
  std::unique_ptr<connection> connection_;
  phase phase_ = phase::queued;
  transfer_failure failure_ = transfer_failure::none;
  clock::time_point connect_until_ = clock::time_point::max();
  const clock::time_point whole_until_;
  gathering gathering_;
};

} // namespace nekod::http
