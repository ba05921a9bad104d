#include "protocol/openai/upstream/chunk_order.hpp"

#include <cstddef>

namespace nekod::openai {
namespace {

/// Leading chunks without content are held back up to this number of bytes, then passed on.
constexpr std::size_t max_leading_bytes = 64u << 10;

} // namespace

void chunk_order::take(std::string_view chunk, contents what, bool ending, deltas& out) {
  if (!what.speaks && ending) {
    if (what.tells_more)
      behind_.push_back(chunk);
    return;
  }
  if (!what.speaks && !has_begun_ && leading_.text.size() < max_leading_bytes)
    return leading_.push_back(chunk);
  if (!std::exchange(has_begun_, true))
    pass_leading(out);
  out.push_back(chunk);
}

void chunk_order::pass_leading(deltas& out) {
  if (!leading_.empty())
    out.append(std::exchange(leading_, deltas{deltas::form::members}));
}

void chunk_order::finish(deltas ends, deltas& out) {
  pass_leading(out);
  rest_ = std::move(ends);
  rest_.append(behind_);
}

} // namespace nekod::openai
