#pragma once

#include <rapidjson/document.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Thin helpers over RapidJSON. For codecs' source files and what only they include, so that no
/// header that others include brings RapidJSON along.
namespace nekod::json {

using value = rapidjson::Value;

/// Why a text was not taken.
enum class fault {
  none,
  /// Nothing but white space.
  empty,
  syntax,
  /// Bytes that are not UTF-8, or an escaped surrogate without its partner.
  encoding,
  /// Objects and arrays nested past the limit.
  too_deep,
};

/// How deep objects and arrays may nest by default.
inline constexpr std::size_t max_depth = 64;

/// A parsed text, or the reason it was not taken. Made by `parse`; cannot be moved.
class document {
public:
  document(const document&) = delete;
  document& operator=(const document&) = delete;

  explicit operator bool() const noexcept { return error == fault::none; }

private:
  document(std::string_view text, std::size_t depth_limit);
  friend document parse(std::string_view text, std::size_t depth_limit);
  void read(std::string_view text, std::size_t depth_limit);

  /// Holds the values of a small text, such as one event of a stream, without an allocation.
  alignas(std::max_align_t) std::array<char, 1024> memory_;
  rapidjson::MemoryPoolAllocator<> pool_{memory_.data(), memory_.size()};

public:
  rapidjson::Document root{&pool_};
  fault error = fault::none;
  /// Byte offset of the fault.
  std::size_t offset = 0;
};

/// Parses exactly one JSON value (RFC 8259). A byte-order mark before it is skipped; of members
/// with one name, `find` sees the first; a number that no double can hold is a fault. Uses no
/// recursion, so that no depth exhausts the stack.
document parse(std::string_view text, std::size_t depth_limit = max_depth);

/// `parse` for what an upstream wrote: a lone surrogate is no fault, but read as U+FFFD, and a
/// number that JSON does not have, such as `NaN`, is null.
document parse_foreign(std::string_view text);

/// The member *name* of *object*; null where *object* is none or has no such member.
const value* find(const value& object, std::string_view name);
value* find(value& object, std::string_view name);

/// The string of member *name*, if it is one.
std::optional<std::string_view> find_string(const value& object, std::string_view name);

/// The whole number that *v* is, also where it is written as `100.0`, if 64 bits can hold it.
std::optional<std::int64_t> integer_of(const value& v);

/// The text of a string value. Valid as long as its document.
std::string_view text_of(const value& string);

/// Serialises *v* compactly.
std::string to_text(const value& v);

} // namespace nekod::json
