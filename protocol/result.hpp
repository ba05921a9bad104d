#pragma once

#include <utility>
#include <variant>

namespace nekod {

/// A value, or an error. A stand-in for C++23's `std::expected`, so that `protocol/` needs neither
/// exceptions nor CAF to report errors.
template <class T, class E>
class result {
public:
  result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  result(E error) : content_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const noexcept { return content_.index() == 0; }

  T& operator*() { return std::get<0>(content_); }
  const T& operator*() const { return std::get<0>(content_); }
  T* operator->() { return &std::get<0>(content_); }
  const T* operator->() const { return &std::get<0>(content_); }

  E& error() { return std::get<1>(content_); }
  const E& error() const { return std::get<1>(content_); }

private:
  std::variant<T, E> content_;
};

} // namespace nekod
