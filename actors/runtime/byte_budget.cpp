#include "actors/runtime/byte_budget.hpp"

namespace nekod {

byte_budget::share::share(share&& other) noexcept
    : budget_(std::move(other.budget_)),
      limit_(other.limit_),
      displaces_(other.displaces_),
      size_(std::exchange(other.size_, 0)) {}

byte_budget::share& byte_budget::share::operator=(share&& other) noexcept {
  if (this != &other) {
    force(0);
    budget_ = std::move(other.budget_);
    limit_ = other.limit_;
    displaces_ = other.displaces_;
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

bool byte_budget::share::resize(std::size_t bytes) noexcept {
  if (budget_ && bytes > size_ && !find_room(bytes - size_))
    return false;
  if (budget_ && bytes < size_)
    budget_->used_.fetch_sub(size_ - bytes, std::memory_order_relaxed);
  size_ = bytes;
  return true;
}

bool byte_budget::share::find_room(std::size_t bytes) noexcept {
  while (!budget_->take(bytes, limit_))
    if (!displaces_ || bytes > limit_ || !budget_->spare_ || !budget_->spare_())
      return false;
  return true;
}

void byte_budget::share::force(std::size_t bytes) noexcept {
  if (budget_ && bytes != size_) // Unsigned numbers wrap, so one addition works in both directions.
    budget_->used_.fetch_add(bytes - size_, std::memory_order_relaxed);
  size_ = bytes;
}

byte_budget::share byte_budget::for_request(const std::shared_ptr<byte_budget>& budget) {
  return budget ? share{budget, budget->request_limit(), true} : share{};
}

byte_budget::share byte_budget::for_answer(const std::shared_ptr<byte_budget>& budget) {
  return budget ? share{budget, budget->limit(), true} : share{};
}

byte_budget::share byte_budget::for_kept(const std::shared_ptr<byte_budget>& budget) {
  return budget ? share{budget, budget->request_limit(), false} : share{};
}

/// Counts *bytes* more, if the total then stays within *limit*.
bool byte_budget::take(std::size_t bytes, std::size_t limit) noexcept {
  auto used = used_.load(std::memory_order_relaxed);
  do {
    if (used > limit || bytes > limit - used)
      return false;
  } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  return true;
}

} // namespace nekod
