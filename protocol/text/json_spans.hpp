#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// The parts of a JSON text as they stand in it, for what goes on unchanged: nothing is built, and
/// no value is copied. Only for texts that `json::parse` has taken; of others some nonsense is
/// told, within their bounds.
namespace nekod::json {

/// A place in a text that moves forward.
class cursor {
public:
  explicit cursor(std::string_view text) : text_(text) {}

  std::size_t at() const noexcept { return at_; }
  bool ended() const noexcept { return at_ >= text_.size(); }
  std::string_view since(std::size_t begin) const { return text_.substr(begin, at_ - begin); }

  void skip_space() noexcept;

  /// Passes over white space, then *c* if it stands there.
  bool take(char c) noexcept;

  /// Passes over one value and the white space before it.
  std::string_view value();

private:
  void skip_string() noexcept;
  void skip_nested() noexcept;
  void skip_word() noexcept;

  std::string_view text_;
  std::size_t at_ = 0;
};

/// Goes through the members of an object, several of one name included:
///
///     for (members m{text}; m.next();) ...
class members {
public:
  explicit members(std::string_view object);
  members(const members&) = delete;
  members& operator=(const members&) = delete;

  bool next();

  /// Decoded. Valid until the next one.
  std::string_view name() const noexcept { return name_; }
  std::string_view value() const noexcept { return value_; }
  /// From the name's quote to the value's end.
  std::string_view whole() const noexcept { return whole_; }

private:
  cursor at_;
  std::string_view name_;
  std::string_view value_;
  std::string_view whole_;
  /// A name that was written with escapes.
  std::string decoded_;
};

/// Goes through the elements of an array.
class elements {
public:
  explicit elements(std::string_view array);

  bool next();
  std::string_view value() const noexcept { return value_; }

private:
  cursor at_;
  std::string_view value_;
};

/// The value of the first member *name*; empty where there is none.
std::string_view find_span(std::string_view object, std::string_view name);

} // namespace nekod::json
