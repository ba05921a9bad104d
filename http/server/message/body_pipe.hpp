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

/// The body of one request on its way from the client's socket to the one reader that passes it on.
/// It holds a bounded part of the body: while that is full the socket is not read. One thread
/// writes at a time and one reads; they may be different ones.
class body_pipe {
public:
  /// How a body ended.
  enum class ending : std::uint8_t {
    /// More is to come.
    none,
    whole,
    /// It is longer than it may be.
    too_long,
    /// Its chunks are none.
    malformed,
  };

  /// Bytes held, after which the socket is not read. One read of the socket may come on top.
  static constexpr std::size_t capacity = 64u << 10;

  /// @param length Bytes of the whole body, where its head says so.
  explicit body_pipe(std::optional<std::uint64_t> length) : length_(length) {}

  std::optional<std::uint64_t> length() const noexcept { return length_; }

  // The socket's side.

  /// The next bytes of the body. Takes them in any case.
  void push(std::string_view bytes);

  /// Nothing more comes.
  void end(ending how);

  /// Whether the socket is to wait.
  bool full() const;

  /// Calls *f* once there is room again; at once if there is. It runs on the reader's thread.
  void when_room(std::function<void()> f);

  // The reader's side.

  /// What `read` brought.
  struct piece {
    std::size_t size = 0;
    /// Where nothing was brought: whether and how the body has ended. Else more will come.
    ending how = ending::none;
  };

  /// Moves up to *room* bytes to *to*.
  /// @param when_more Called once when there is more to read, or the body has ended, if this call
  ///                  brought nothing and the body has not ended. It runs on the socket's thread.
  piece read(char* to, std::size_t room, const std::function<void()>& when_more);

  /// Whether and how the body ended, read or not.
  ending how() const;

  /// How long its reader has been waiting for the client now; zero where it does not.
  std::chrono::steady_clock::duration starving(std::chrono::steady_clock::time_point now) const;

private:
  std::optional<std::uint64_t> length_;
  mutable std::mutex mutex_;
  std::string held_;
  /// Bytes of *held_* that were read.
  std::size_t read_ = 0;
  ending how_ = ending::none;
  std::function<void()> when_room_;
  std::function<void()> when_more_;
  /// When *when_more_* was set.
  std::chrono::steady_clock::time_point starving_since_;
};

} // namespace nekod::http
