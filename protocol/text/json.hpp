#pragma once

#include <rapidjson/document.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Thin helpers over RapidJSON, for source files of codecs and headers that only they include:
/// other headers must not bring RapidJSON along.
namespace nekod::json {

using value = rapidjson::Value;

/// Why a text was refused.
enum class fault {
  none,
  /// Only white space.
  empty,
  syntax,
  /// Bytes that are not UTF-8, or an escaped surrogate without its partner.
  encoding,
  /// Objects and arrays nest deeper than the limit.
  too_deep,
};

/// The default limit on the nesting of objects and arrays.
inline constexpr std::size_t max_depth = 64;

/// A parsed text, or the reason why it was refused. Made by `parse`; cannot be moved.
class document {
public:
  document(const document&) = delete;
  document& operator=(const document&) = delete;

  explicit operator bool() const noexcept { return error == fault::none; }

private:
  document(std::string_view text, std::size_t depth_limit);
  friend document parse(std::string_view text, std::size_t depth_limit);
  void read(std::string_view text, std::size_t depth_limit);

  /// Room for the values of a small text, such as one event of a stream, without an allocation.
  alignas(std::max_align_t) std::array<char, 1024> memory_;
  rapidjson::MemoryPoolAllocator<> pool_{memory_.data(), memory_.size()};

public:
  rapidjson::Document root{&pool_};
  fault error = fault::none;
  /// Byte offset of the fault.
  std::size_t offset = 0;
};

/// Parses exactly one JSON value (RFC 8259). Skips a byte-order mark before it. Of members with the
/// same name, `find` sees the first. A number outside the range of a double is a fault. Uses no
/// recursion, so no depth can exhaust the stack.
document parse(std::string_view text, std::size_t depth_limit = max_depth);

/// Like `parse`, but for upstreams' texts: a lone surrogate is read as U+FFFD, and a number that
/// JSON does not have, such as `NaN`, as null.
document parse_foreign(std::string_view text);

/// The member *name* of *object*; null if *object* is not an object or has no such member.
const value* find(const value& object, std::string_view name);
value* find(value& object, std::string_view name);

/// The value of the member *name*, if it is a string.
std::optional<std::string_view> find_string(const value& object, std::string_view name);

/// *v* as a whole number, even if it is written as `100.0`; nothing if it is none of 64 bits.
std::optional<std::int64_t> integer_of(const value& v);

/// The text of a string value. Valid as long as its document.
std::string_view text_of(const value& string);

/// Serialises *v* compactly.
std::string to_text(const value& v);

} // namespace nekod::json
