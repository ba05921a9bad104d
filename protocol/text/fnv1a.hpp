#pragma once

#include <cstdint>
#include <string_view>

namespace nekod {

/// The hash FNV-1a with 64 bits: the same on every machine, unlike `std::hash`, so that ids made of
/// it stay what they are. A client that chooses the text can choose the hash: not for tables that
/// strangers fill.
class fnv1a {
public:
  constexpr fnv1a() = default;

  /// Other bases make independent hashes of one text.
  explicit constexpr fnv1a(std::uint64_t basis) : value_{basis} {}

  constexpr fnv1a& add(std::uint8_t byte) {
    value_ = (value_ ^ byte) * 0x100000001b3;
    return *this;
  }

  constexpr fnv1a& add(std::string_view bytes) {
    for (const auto byte : bytes)
      add(static_cast<std::uint8_t>(byte));
    return *this;
  }

  constexpr std::uint64_t value() const { return value_; }

private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

} // namespace nekod
