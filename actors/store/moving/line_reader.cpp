#include "actors/store/moving/line_reader.hpp"

#include <array>

namespace nekod::moving {

line_reader::outcome line_reader::next() {
  std::array<char, 64 * 1024> part{};
  ++number_;
  text_.clear();
  for (;;) {
    in_.getline(part.data(), part.size());
    const auto read = static_cast<std::size_t>(in_.gcount());
    if (in_.bad())
      return outcome::failed;
    // Without a break at the end, the array is full, or the input is over.
    const auto is_whole = !in_.fail() && !in_.eof();
    text_.append(part.data(), is_whole ? read - 1 : read);
    if (text_.size() > longest_)
      return outcome::too_long;
    if (is_whole)
      return outcome::line;
    if (in_.eof())
      return text_.empty() ? outcome::over : outcome::line;
    in_.clear(in_.rdstate() & ~std::ios::failbit);
  }
}

} // namespace nekod::moving
