#pragma once

#include "actors/upstream/transport.hpp"
#include "http/client/h1/connection.hpp"
#include "http/client/http_url.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace nekod::http {

/// The request of a transfer: its head, then its body, which is sent with its length, or in chunks
/// while it arrives. Used on its loop's thread.
class h1_request {
public:
  using clock = std::chrono::steady_clock;

  enum class state : std::uint8_t {
    /// All of it was sent.
    done,
    /// The connection takes no more now.
    blocked,
    /// The rest of the body has not arrived yet.
    waiting,
    /// The rest of the body will not come.
    broken,
    /// The server takes no more.
    refused,
  };

  h1_request(http_call call, http_url url);

  const http_call& call() const noexcept { return call_; }
  const http_url& url() const noexcept { return url_; }

  /// Sends as much as possible.
  state send(connection& to, clock::time_point now);

  /// Begins anew, on another connection.
  /// @pre `may_repeat`
  void restart() noexcept;

  /// Begins anew at the redirect's target.
  /// @returns whether its address is valid.
  bool follow_redirect(std::string address);

  /// Its response has begun: once all of it was sent, its text is needed no more.
  void forget_text() noexcept;

  /// The number of redirects that were followed.
  unsigned redirects() const noexcept { return redirects_; }

  /// Whether nothing was sent yet, or the call may be sent twice.
  bool may_repeat() const noexcept {
    return head_sent_ == 0 || (call_.repeatable && !call_.source);
  }

  /// The state after the last `send`.
  state is() const noexcept { return state_; }

  /// More of the body has arrived.
  /// @returns whether that was waited for.
  bool resume(clock::time_point now) noexcept;

  /// Sets the function that is called, on any thread, when there is more of a body that arrives
  /// piece by piece.
  void on_more_to_send(std::function<void()> f) noexcept { more_to_send_ = std::move(f); }

  /// When a part of a body was last taken after the first one, or one that arrives piece by piece;
  /// the epoch before.
  clock::time_point last_sent() const noexcept { return last_sent_; }

  clock::time_point started() const noexcept { return started_; }

private:
  void write_fields();
  std::string_view unsent_body() const noexcept;
  state fetch();
  void frame(std::size_t size);

  http_call call_;
  http_url url_;
  /// Method, target and version; then the fields.
  std::string line_;
  std::string fields_;
  /// Bytes of line and fields, and of the body or its current piece, that were sent.
  std::size_t head_sent_ = 0;
  std::size_t body_sent_ = 0;
  state state_ = state::blocked;
  // Of a body that arrives piece by piece:
  std::string piece_;
  std::optional<std::uint64_t> left_;
  bool is_last_ = false;
  std::function<void()> more_to_send_;
  const clock::time_point started_ = clock::now();
  clock::time_point last_sent_;
  unsigned redirects_ = 0;
};

} // namespace nekod::http
