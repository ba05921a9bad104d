#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace nekod::openai::responses {

/// Takes the text of `input` out of the arguments of a function that stands for a custom tool:
/// `{"input":"..."}`, in any split. Other arguments are the input themselves.
///
/// The input comes out as it stands in a JSON string, without the quotes, and never ends within an
/// escape. Lenient as the text is a model's: an unknown escape stands for itself, and half a
/// surrogate pair is U+FFFD.
class custom_input {
public:
  /// Takes the next piece of the arguments, UTF-8; appends the input in it to *out*.
  void take(std::string_view arguments, std::string& out);

  /// The arguments have ended. Half of an escape is dropped.
  void finish(std::string& out);

private:
  enum class state : std::uint8_t {
    /// Before the text of `input`, if that is there.
    opening,
    inside,
    behind,
    /// The arguments are the input.
    raw,
  };

  void open(std::string& out);
  void go_on(std::string& out);
  std::size_t take_escape(std::string_view text, std::string& out) const;

  state state_ = state::opening;
  /// The bytes that wait for the next piece.
  std::string waiting_;
};

} // namespace nekod::openai::responses
