#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace nekod {

/// A limit on the bytes that all requests being read and all answers that wait hold together. Each
/// holder has a share of it, which grows and shrinks with what it holds. Without I/O; may be used
/// by several threads at once.
class byte_budget {
public:
  explicit byte_budget(std::size_t limit) noexcept : limit_(limit) {}

  byte_budget(const byte_budget&) = delete;
  byte_budget& operator=(const byte_budget&) = delete;

  /// Bytes that all shares hold together at most, but for what was forced.
  std::size_t limit() const noexcept { return limit_; }

  /// Bytes that requests may hold of them. The last quarter is kept for answers, so that turns
  /// under way can end whatever clients send.
  std::size_t request_limit() const noexcept { return limit_ - limit_ / 4; }

  /// Bytes that all shares hold now.
  std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }

  /// Bytes of a budget that one holder has; gives them back when it ends. Its holder uses it on one
  /// thread at a time.
  class share {
  public:
    /// Of no budget: anything fits.
    share() noexcept = default;
    share(share&& other) noexcept;
    share& operator=(share&& other) noexcept;
    ~share() { force(0); }

    /// Bytes it holds.
    std::size_t size() const noexcept { return size_; }

    /// Holds *bytes* from now on, if the budget has room for them.
    /// @returns false where it has not; the share stays as it was then. To shrink never fails.
    [[nodiscard]] bool resize(std::size_t bytes) noexcept;

    /// Holds *bytes* from now on, whether there is room or not: for what is in memory already.
    void force(std::size_t bytes) noexcept;

  private:
    friend class byte_budget;

    share(std::shared_ptr<byte_budget> of, std::size_t limit) noexcept
        : budget_(std::move(of)), limit_(limit) {}

    std::shared_ptr<byte_budget> budget_;
    /// Of what all shares hold together, when this one grows.
    std::size_t limit_ = 0;
    std::size_t size_ = 0;
  };

  /// An empty share for a request of *budget*, which may be null: then anything fits.
  static share for_request(const std::shared_ptr<byte_budget>& budget);

  /// The same for an answer.
  static share for_answer(const std::shared_ptr<byte_budget>& budget);

private:
  bool take(std::size_t bytes, std::size_t limit) noexcept;

  const std::size_t limit_;
  std::atomic<std::size_t> used_{0};
};

} // namespace nekod
