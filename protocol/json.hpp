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

/// The member *name* of *object*; null where *object* is none or has no such member.
const value* find(const value& object, std::string_view name);

/// The string of member *name*, if it is one.
std::optional<std::string_view> find_string(const value& object, std::string_view name);

/// The whole number that *v* is, also where it is written as `100.0`, if 64 bits can hold it.
std::optional<std::int64_t> integer_of(const value& v);

/// The text of a string value. Valid as long as its document.
std::string_view text_of(const value& string);

/// Appends *text* as a JSON string with its quotes. *text* must be UTF-8; it is passed on unchanged
/// but for what JSON requires to be escaped.
void append_quoted(std::string& out, std::string_view text);

/// Appends *text* escaped, without quotes.
void append_escaped(std::string& out, std::string_view text);

/// Reads the rest of a JSON string, whose opening quote was passed: appends what it says to *out*.
/// @returns the length of what stands before the closing quote; none where there is no such quote,
/// a byte that must not stand in a string, no UTF-8, or an escape by number, which is left to
/// `parse`. Something may have been appended then.
std::optional<std::size_t> append_unescaped(std::string& out, std::string_view text);

/// Serialises *v* compactly.
std::string to_text(const value& v);

/// Whether *text* is UTF-8 without surrogates and over-long forms.
bool is_utf8(std::string_view text);

} // namespace nekod::json
