#include "protocol/chat/text_limiter.hpp"

#include <algorithm>
#include <utility>

namespace nekod::chat {

text_limiter::text_limiter(const answer_limits& limits)
    : limit_(limits.pieces), matched_(limits.stop.size()) {
  std::vector<pattern> patterns;
  for (const auto& text : limits.stop)
    patterns.push_back(prepare(text));
  patterns_ = std::make_shared<const std::vector<pattern>>(std::move(patterns));
}

text_limiter::pattern text_limiter::prepare(std::string_view text) {
  pattern result{std::string{text}, std::vector<std::size_t>(text.size())};
  std::size_t matched = 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    while (matched > 0 && text[i] != text[matched])
      matched = result.shorter[matched - 1];
    if (text[i] == text[matched])
      ++matched;
    result.shorter[i] = matched;
  }
  return result;
}

void text_limiter::feed(const deltas& pieces, deltas& out) {
  for (std::size_t i = 0; i < pieces.ends.size() && !ended_; ++i)
    take(pieces.piece(i), out);
}

void text_limiter::finish(finish_reason reason, deltas& out) {
  if (ended_)
    return;
  end(reason, out);
  cut_ = found_.has_value();
}

void text_limiter::take(std::string_view piece, deltas& out) {
  if (limit_ && pieces_ == *limit_) {
    end(finish_reason::length, out);
    cut_ = true;
    return;
  }
  ++pieces_;
  if (patterns_->empty()) {
    out.push_back(piece);
    return;
  }
  held_ += piece;
  for (const auto byte : piece) {
    look_at(byte);
    if (found_ && first_beginning() >= *found_) {
      end(finish_reason::stop, out);
      cut_ = true;
      return;
    }
  }
  release(std::min(first_beginning(), found_.value_or(seen_)), out);
}

void text_limiter::look_at(char byte) {
  ++seen_;
  for (std::size_t i = 0; i < matched_.size(); ++i) {
    const auto& [text, shorter] = (*patterns_)[i];
    auto& matched = matched_[i];
    while (matched > 0 && (matched == text.size() || text[matched] != byte))
      matched = shorter[matched - 1];
    if (text[matched] == byte)
      ++matched;
    if (matched == text.size())
      found_ = std::min(seen_ - matched, found_.value_or(seen_));
  }
}

/// The position in the held text at which a stop text begins first, whether complete or not.
std::size_t text_limiter::first_beginning() const { return seen_ - std::ranges::max(matched_); }

void text_limiter::release(std::size_t bytes, deltas& out) {
  out.push_back(std::string_view{held_}.substr(0, bytes));
  held_.erase(0, bytes);
  seen_ -= bytes;
  if (found_)
    *found_ -= bytes;
}

/// Ends the answer: at the first complete stop text, if there is one, which then is the reason.
void text_limiter::end(finish_reason reason, deltas& out) {
  out.push_back(std::string_view{held_}.substr(0, found_.value_or(held_.size())));
  std::string{}.swap(held_);
  ended_ = found_ ? finish_reason::stop : reason;
}

} // namespace nekod::chat
