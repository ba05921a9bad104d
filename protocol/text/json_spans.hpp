#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// The parts of a JSON text as they are written, for what is passed on unchanged: builds nothing
/// and copies no value. Only for texts that `json::parse` accepts; for others the results are
/// meaningless, but within bounds.
namespace nekod::json {

/// White space between the parts of a JSON text.
inline bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// A position in a text that moves forward.
class cursor {
public:
  explicit cursor(std::string_view text) : text_(text) {}

  std::size_t at() const noexcept { return at_; }
  bool ended() const noexcept { return at_ >= text_.size(); }
  std::string_view since(std::size_t begin) const { return text_.substr(begin, at_ - begin); }

  void skip_space() noexcept;

  /// Skips white space, then *c* if it is there.
  bool take(char c) noexcept;

  /// Skips white space and one value, and returns the value.
  std::string_view value();

private:
  void skip_string() noexcept;
  void skip_nested() noexcept;
  void skip_word() noexcept;

  std::string_view text_;
  std::size_t at_ = 0;
};

/// Iterates over the members of an object, including repeated names:
///
///     for (members m{text}; m.next();) ...
class members {
public:
  explicit members(std::string_view object);
  members(const members&) = delete;
  members& operator=(const members&) = delete;

  bool next();

  /// Decoded. Valid until the next call of `next`.
  std::string_view name() const noexcept { return name_; }
  std::string_view value() const noexcept { return value_; }
  /// From the name's quote to the value's end.
  std::string_view whole() const noexcept { return whole_; }

private:
  cursor at_;
  std::string_view name_;
  std::string_view value_;
  std::string_view whole_;
  /// The decoded form of a name with escapes.
  std::string decoded_;
};

/// Iterates over the elements of an array.
class elements {
public:
  explicit elements(std::string_view array);

  bool next();
  std::string_view value() const noexcept { return value_; }

private:
  cursor at_;
  std::string_view value_;
};

/// The value of the first member *name*; empty if there is none.
std::string_view find_span(std::string_view object, std::string_view name);

} // namespace nekod::json
