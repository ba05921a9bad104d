#include "actors/runtime/ids.hpp"

#include "protocol/text/fnv1a.hpp"
#include "protocol/text/hex.hpp"

#include <array>
#include <cstdint>
#include <random>

namespace nekod {

namespace {

/// The kernel's random bits, a block at a time for each thread.
class random_bytes {
public:
  std::uint8_t next() {
    if (used_ == bytes_.size())
      refill();
    return bytes_[used_++];
  }

private:
  void refill() {
    for (std::size_t i = 0; i < bytes_.size(); i += 4) {
      auto bits = device_();
      for (std::size_t k = 0; k < 4; ++k)
        bytes_[i + k] = static_cast<std::uint8_t>(bits >> (8 * k));
    }
    used_ = 0;
  }

  std::random_device device_;
  std::array<std::uint8_t, 256> bytes_{};
  std::size_t used_ = bytes_.size();
};

/// Writes 16 bytes as a UUID of *version*.
template <class NextByte>
std::string format_uuid(std::uint8_t version, NextByte next) {
  std::string result;
  result.reserve(36);
  for (int i = 0; i < 16; ++i) {
    std::uint8_t byte = next();
    if (i == 6)
      byte = static_cast<std::uint8_t>((byte & 0x0f) | (version << 4));
    if (i == 8)
      byte = static_cast<std::uint8_t>((byte & 0x3f) | 0x80);
    if (i == 4 || i == 6 || i == 8 || i == 10)
      result += '-';
    append_hex(result, byte);
  }
  return result;
}

random_bytes& this_thread_bytes() {
  thread_local random_bytes bytes;
  return bytes;
}

} // namespace

std::string make_session_id() {
  return format_uuid(4, [] { return this_thread_bytes().next(); });
}

std::string stable_uuid(std::string_view seed) {
  fnv1a hash;
  hash.add(seed);
  // Continued for each byte of the result.
  return format_uuid(8, [&] { return static_cast<std::uint8_t>(hash.add(0x5a).value() >> 56); });
}

std::string make_id(std::string_view prefix) {
  constexpr std::string_view characters = "0123456789abcdefghijklmnopqrstuv";
  auto& bytes = this_thread_bytes();
  std::string result{prefix};
  for (int i = 0; i < 24; ++i)
    result += characters[bytes.next() % characters.size()];
  return result;
}

std::string make_conversation_id() {
  auto& bytes = this_thread_bytes();
  std::string result;
  for (int i = 0; i < 24; ++i)
    append_hex(result, bytes.next());
  return result;
}

} // namespace nekod
