#include "protocol/text/json_spans.hpp"

#include "protocol/text/json.hpp"
#include "protocol/text/utf8.hpp"

namespace nekod::json {
namespace {

std::string_view without_mark(std::string_view text) {
  return text.starts_with(byte_order_mark) ? text.substr(byte_order_mark.size()) : text;
}

} // namespace

void cursor::skip_space() noexcept {
  while (!ended() && is_space(text_[at_]))
    ++at_;
}

bool cursor::take(char c) noexcept {
  skip_space();
  if (ended() || text_[at_] != c)
    return false;
  ++at_;
  return true;
}

std::string_view cursor::value() {
  skip_space();
  const auto begin = at_;
  if (ended())
    return {};
  const auto first = text_[at_];
  if (first == '"')
    skip_string();
  else if (first == '{' || first == '[')
    skip_nested();
  else
    skip_word();
  return since(begin);
}

void cursor::skip_string() noexcept {
  for (++at_; !ended(); ++at_) {
    if (text_[at_] == '"') {
      ++at_;
      return;
    }
    if (text_[at_] == '\\')
      ++at_;
  }
  at_ = text_.size();
}

void cursor::skip_nested() noexcept {
  std::size_t depth = 0;
  while (!ended()) {
    const auto c = text_[at_];
    if (c == '"') {
      skip_string();
      continue;
    }
    ++at_;
    if (c == '{' || c == '[')
      ++depth;
    else if ((c == '}' || c == ']') && --depth == 0)
      return;
  }
}

void cursor::skip_word() noexcept {
  const auto is_end = [](char c) { return is_space(c) || c == ',' || c == ']' || c == '}'; };
  do
    ++at_;
  while (!ended() && !is_end(text_[at_]));
}

members::members(std::string_view object) : at_(without_mark(object)) { at_.take('{'); }

bool members::next() {
  at_.take(',');
  at_.skip_space();
  const auto begin = at_.at();
  const auto quoted = at_.value();
  if (quoted.size() < 2 || quoted.front() != '"' || !at_.take(':'))
    return false;
  value_ = at_.value();
  whole_ = at_.since(begin);
  name_ = quoted.substr(1, quoted.size() - 2);
  if (name_.find('\\') != name_.npos) {
    const auto doc = parse(quoted);
    decoded_ = doc && doc.root.IsString() ? text_of(doc.root) : std::string_view{};
    name_ = decoded_;
  }
  return true;
}

elements::elements(std::string_view array) : at_(without_mark(array)) { at_.take('['); }

bool elements::next() {
  at_.take(',');
  if (at_.take(']'))
    return false;
  value_ = at_.value();
  return !value_.empty();
}

std::string_view find_span(std::string_view object, std::string_view name) {
  for (members m{object}; m.next();)
    if (m.name() == name)
      return m.value();
  return {};
}

} // namespace nekod::json
