#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace nekod::http {

/// The body of one request on its way from the client's socket to a reader that passes it on. It
/// holds a bounded part of the body; while that is full, the socket is not read. One writer and one
/// reader, which may be on different threads.
class body_pipe {
public:
  /// How a body ended.
  enum class ending : std::uint8_t {
    /// It has not ended.
    none,
    whole,
    /// It exceeds its limit.
    too_long,
    /// Its chunked coding is invalid.
    malformed,
  };

  /// Beyond this number of bytes the socket is not read. One more read of the socket may come on
  /// top.
  static constexpr std::size_t capacity = 64u << 10;

  /// @param length The length of the whole body, if the header gives it.
  explicit body_pipe(std::optional<std::uint64_t> length) : length_(length) {}

  std::optional<std::uint64_t> length() const noexcept { return length_; }

  // The socket's side.

  /// Adds the next bytes of the body, even if it is full.
  void push(std::string_view bytes);

  /// The body has ended.
  void end(ending how);

  /// Whether the socket must wait.
  bool full() const;

  /// Calls *f* on the reader's thread once there is room again; at once if there is.
  void when_room(std::function<void()> f);

  // The reader's side.

  /// The result of `read`.
  struct piece {
    std::size_t size = 0;
    /// If there were no bytes: whether and how the body has ended. Otherwise more will come.
    ending how = ending::none;
  };

  /// Moves up to *room* bytes to *to*.
  /// @param when_more If this call returns no bytes and the body has not ended, it is called once,
  /// on the socket's thread, when there is more to read or the body has ended.
  piece read(char* to, std::size_t room, const std::function<void()>& when_more);

  /// Whether and how the body has ended, even if it has not been read.
  ending how() const;

  /// How long the reader has been waiting for the client; zero if it is not waiting.
  std::chrono::steady_clock::duration starving(std::chrono::steady_clock::time_point now) const;

private:
  std::optional<std::uint64_t> length_;
  mutable std::mutex mutex_;
  std::string held_;
  /// The number of bytes of *held_* that have been read.
  std::size_t read_ = 0;
  ending how_ = ending::none;
  std::function<void()> when_room_;
  std::function<void()> when_more_;
  /// When *when_more_* was set.
  std::chrono::steady_clock::time_point starving_since_;
};

} // namespace nekod::http
