#include "protocol/openai/responses/custom_input.hpp"

#include "protocol/text/json_strings.hpp"

#include <array>
#include <charconv>
#include <optional>

namespace nekod::openai::responses {
namespace {

/// Before the text of `input`, where white space may stand between any two of them.
constexpr std::array<std::string_view, 4> opening_tokens{"{", R"("input")", ":", "\""};

/// More white space than any model writes.
constexpr std::size_t longest_opening = 256;

enum class match : std::uint8_t { whole, begun, none };

/// Skips what stands before the text of `input`.
/// @param at Where it ends, if it is whole.
match match_opening(std::string_view text, std::size_t& at) {
  at = 0;
  for (const auto token : opening_tokens) {
    at = text.find_first_not_of(" \t\r\n", at);
    if (at == text.npos)
      return match::begun;
    const auto rest = text.substr(at, token.size());
    if (!token.starts_with(rest))
      return match::none;
    if (rest.size() < token.size())
      return match::begun;
    at += token.size();
  }
  return match::whole;
}

constexpr std::size_t unicode_escape = 6;
constexpr std::string_view replacement = "\\ufffd";

/// The number in an escape such as `\u0041`.
std::optional<unsigned> code_of(std::string_view escape) {
  unsigned code = 0;
  const auto* end = escape.data() + escape.size();
  if (escape.size() != unicode_escape || !escape.starts_with("\\u") ||
      std::from_chars(escape.data() + 2, end, code, 16).ptr != end)
    return std::nullopt;
  return code;
}

bool is_first_half(unsigned code) { return code >= 0xd800 && code < 0xdc00; }
bool is_second_half(unsigned code) { return code >= 0xdc00 && code < 0xe000; }

/// Whether *text* may go on as an escape of a UTF-16 unit.
bool may_be_unicode_escape(std::string_view text) {
  return text.size() < unicode_escape && std::string_view{"\\u"}.starts_with(text.substr(0, 2)) &&
         text.find_first_not_of("0123456789abcdefABCDEF", 2) == text.npos;
}

} // namespace

void custom_input::take(std::string_view arguments, std::string& out) {
  if (state_ == state::raw) {
    json::append_escaped(out, arguments);
    return;
  }
  waiting_ += arguments;
  if (state_ == state::opening)
    open(out);
  if (state_ == state::inside)
    go_on(out);
  if (state_ == state::behind)
    waiting_.clear();
}

void custom_input::open(std::string& out) {
  std::size_t begin = 0;
  const auto found = match_opening(waiting_, begin);
  if (found == match::whole) {
    waiting_.erase(0, begin);
    state_ = state::inside;
  } else if (found == match::none || waiting_.size() > longest_opening) {
    json::append_escaped(out, waiting_);
    waiting_.clear();
    state_ = state::raw;
  }
}

/// Goes on with the text of `input`, which stands escaped in the arguments already.
void custom_input::go_on(std::string& out) {
  std::string_view text = waiting_;
  while (!text.empty() && state_ == state::inside) {
    const auto plain = text.substr(0, text.find_first_of("\"\\"));
    json::append_escaped(out, plain); // A model may have left control characters as they are.
    text.remove_prefix(plain.size());
    if (text.starts_with('"')) {
      state_ = state::behind;
    } else if (!text.empty()) {
      const auto length = take_escape(text, out);
      if (length == 0)
        break;
      text.remove_prefix(length);
    }
  }
  waiting_.erase(0, waiting_.size() - text.size());
}

/// @returns the length of the escape that *text* begins with; 0 if it is not all there.
std::size_t custom_input::take_escape(std::string_view text, std::string& out) const {
  if (text.size() < 2)
    return 0;
  if (text[1] != 'u') {
    constexpr std::string_view known = "\"\\/bfnrt";
    if (known.find(text[1]) == known.npos) {
      out += R"(\\)";
      return 1;
    }
    out += text.substr(0, 2);
    return 2;
  }
  if (may_be_unicode_escape(text))
    return 0;
  const auto first = text.substr(0, unicode_escape);
  const auto code = code_of(first);
  if (!code) {
    out += R"(\\)";
    return 1;
  }
  if (!is_first_half(*code)) {
    out += is_second_half(*code) ? replacement : first;
    return unicode_escape;
  }
  const auto rest = text.substr(unicode_escape);
  if (rest.empty() || may_be_unicode_escape(rest))
    return 0;
  const auto second = code_of(rest.substr(0, unicode_escape));
  if (!second || !is_second_half(*second)) {
    out += replacement;
    return unicode_escape;
  }
  out += text.substr(0, 2 * unicode_escape);
  return 2 * unicode_escape;
}

void custom_input::finish(std::string& out) {
  if (state_ == state::opening)
    json::append_escaped(out, waiting_);
  waiting_.clear();
  state_ = state::behind;
}

} // namespace nekod::openai::responses
