#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

namespace nekod {

/// A limit on the total bytes of all requests that are being read and all answers that wait. Each
/// holder has a share, which grows and shrinks with its bytes. Without I/O; thread-safe.
class byte_budget {
public:
  explicit byte_budget(std::size_t limit) noexcept : limit_(limit) {}

  byte_budget(const byte_budget&) = delete;
  byte_budget& operator=(const byte_budget&) = delete;

  /// The most bytes of all shares together, apart from forced ones.
  std::size_t limit() const noexcept { return limit_; }

  /// The part of them that requests may use. The last quarter is reserved for answers, so that
  /// running turns can end whatever clients send.
  std::size_t request_limit() const noexcept { return limit_ - limit_ / 4; }

  /// The current bytes of all shares.
  std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }

  /// Sets *f*, which is called, on any thread, when a share finds no room. It gives back bytes that
  /// others need more, and returns whether it did. To be set before there are shares.
  void spare_by(std::function<bool()> f) { spare_ = std::move(f); }

  /// The bytes of one holder; returns them at its end. To be used on one thread at a time.
  class share {
  public:
    /// Without a budget everything fits.
    share() noexcept = default;
    share(share&& other) noexcept;
    share& operator=(share&& other) noexcept;
    ~share() { force(0); }

    /// Its current bytes.
    std::size_t size() const noexcept { return size_; }

    /// Changes its size to *bytes*, if the budget has room for that.
    /// @returns false if it has not; the share is unchanged then. Shrinking never fails.
    [[nodiscard]] bool resize(std::size_t bytes) noexcept;

    /// Changes its size to *bytes* whether there is room or not: for bytes that are in memory
    /// already.
    void force(std::size_t bytes) noexcept;

  private:
    friend class byte_budget;

    share(std::shared_ptr<byte_budget> of, std::size_t limit, bool displaces) noexcept
        : budget_(std::move(of)), limit_(limit), displaces_(displaces) {}

    bool find_room(std::size_t bytes) noexcept;

    std::shared_ptr<byte_budget> budget_;
    /// The limit on the total when this share grows.
    std::size_t limit_ = 0;
    /// Whether what can be spared makes room for it.
    bool displaces_ = false;
    std::size_t size_ = 0;
  };

  /// An empty share of *budget* for a request; if *budget* is null, everything fits.
  static share for_request(const std::shared_ptr<byte_budget>& budget);

  /// The same for an answer.
  static share for_answer(const std::shared_ptr<byte_budget>& budget);

  /// The same for what is kept in the part that requests may use, as long as nobody else needs it:
  /// nothing is spared for it.
  static share for_kept(const std::shared_ptr<byte_budget>& budget);

private:
  bool take(std::size_t bytes, std::size_t limit) noexcept;

  const std::size_t limit_;
  std::function<bool()> spare_;
  std::atomic<std::size_t> used_{0};
};

} // namespace nekod
