#pragma once

#include <cstdint>
#include <string_view>

namespace nekod::load {

/// Removes the chunked transfer coding (RFC 9112, section 7.1) from a body that arrives in any
/// split of its bytes. Copies nothing.
class chunked_decoder {
public:
  enum class state : std::uint8_t { more, done, bad };

  /// Continues. *f* is called with each run of the body's own bytes.
  /// @param bytes The input; bytes after the body's end are left in it.
  template <class F>
  state feed(std::string_view& bytes, F&& f) {
    while (!bytes.empty() && at_ < position::end) {
      if (at_ == position::data)
        f(take_data(bytes));
      else
        take_framing(bytes);
    }
    return at_ == position::end ? state::done : at_ == position::broken ? state::bad : state::more;
  }

private:
  enum class position : std::uint8_t {
    size,
    extension,
    data,
    data_end,
    trailer_start,
    trailer,
    // The body has ended.
    end,
    broken
  };

  std::string_view take_data(std::string_view& bytes);
  void take_framing(std::string_view& bytes);
  position after_framing(char c);
  position after_size(char c);

  position at_ = position::size;
  bool has_digits_ = false;
  std::uint64_t left_ = 0;
};

} // namespace nekod::load
