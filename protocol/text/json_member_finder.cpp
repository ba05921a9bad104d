#include "protocol/text/json_member_finder.hpp"

#include "protocol/text/json.hpp"
#include "protocol/text/json_spans.hpp"
#include "protocol/text/utf8.hpp"

#include <optional>

namespace nekod::json {

namespace {

/// The content of a string literal, which includes its quotes; nothing if it is not one.
std::optional<std::string> decoded(std::string_view literal) {
  auto parsed = parse(literal);
  if (!parsed || !parsed.root.IsString())
    return std::nullopt;
  return std::string{text_of(parsed.root)};
}

} // namespace

model_search member_finder::look(std::string_view so_far) {
  while (state_ == model_search::looking && at_ < so_far.size())
    state_ = next(so_far);
  return state_;
}

/// Reads the byte at *at_*.
model_search member_finder::next(std::string_view text) {
  const auto c = text[at_];
  switch (step_) {
  case step::start:
    if (at_ < byte_order_mark.size() && c == byte_order_mark[at_])
      return go(step::start);
    if (is_space(c))
      return go(step::start);
    return c == '{' ? go(step::before_name) : model_search::absent;
  case step::before_name:
    return is_space(c) ? go(step::before_name) : begin_name(c);
  case step::name:
    return string_ends(text) ? end_name(text) : go(step::name);
  case step::colon:
    if (is_space(c))
      return go(step::colon);
    return c == ':' ? go(step::before_value) : model_search::absent;
  case step::before_value:
    return is_space(c) ? go(step::before_value) : begin_value(text);
  case step::wanted:
    if (string_ends(text))
      return end_wanted(text);
    return at_ - begun_ > longest_ ? model_search::absent : go(step::wanted);
  case step::string:
    return go(string_ends(text) ? step::after_value : step::string);
  case step::nested:
    nested(c);
    return go(depth_ == 0 ? step::after_value : step::nested);
  case step::word:
    return is_space(c) || c == ',' || c == '}' ? after_value(c) : go(step::word);
  case step::after_value:
    return after_value(c);
  }
  return model_search::absent;
}

model_search member_finder::go(step s) noexcept {
  step_ = s;
  ++at_;
  return model_search::looking;
}

model_search member_finder::begin_name(char c) {
  if (c != '"')
    return model_search::absent;
  begun_ = at_;
  return go(step::name);
}

/// Whether the open string ends with the byte at *at_*.
bool member_finder::string_ends(std::string_view text) {
  const auto c = text[at_];
  if (escaped_)
    escaped_ = false;
  else if (c == '\\')
    escaped_ = true;
  else
    return c == '"';
  return false;
}

model_search member_finder::end_name(std::string_view text) {
  const auto literal = text.substr(begun_, at_ + 1 - begun_);
  // A byte of a name takes at most six bytes, as a numeric escape.
  constexpr std::size_t longest_escape = 6;
  matches_ = literal.size() <= longest_escape * name_.size() + 2 && decoded(literal) == name_;
  return go(step::colon);
}

model_search member_finder::begin_value(std::string_view text) {
  const auto c = text[at_];
  begun_ = at_;
  if (c == '"')
    return go(matches_ ? step::wanted : step::string);
  if (matches_)
    return model_search::absent;
  if (c == '{' || c == '[') {
    depth_ = 1;
    return go(step::nested);
  }
  return c == ',' || c == '}' || c == ']' || c == ':' ? model_search::absent : go(step::word);
}

model_search member_finder::end_wanted(std::string_view text) {
  auto name = decoded(text.substr(begun_, at_ + 1 - begun_));
  if (!name)
    return model_search::absent;
  position_ = {begun_, at_ + 1, std::move(*name)};
  return model_search::found;
}

void member_finder::nested(char c) {
  if (in_string_) {
    if (escaped_)
      escaped_ = false;
    else if (c == '\\')
      escaped_ = true;
    else if (c == '"')
      in_string_ = false;
  } else if (c == '"') {
    in_string_ = true;
  } else if (c == '{' || c == '[') {
    ++depth_;
  } else if (c == '}' || c == ']') {
    --depth_;
  }
}

model_search member_finder::after_value(char c) {
  if (is_space(c))
    return go(step::after_value);
  return c == ',' ? go(step::before_name) : model_search::absent;
}

} // namespace nekod::json
