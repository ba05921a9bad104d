#include "http/server/message/request_head.hpp"

#include "protocol/text/words.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace nekod::http {

namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view spaces = " \t";

/// The most digits of a length; more might not fit into the number.
constexpr std::size_t max_length_digits = 18;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Whether *c* is allowed in a field's value. Bytes of other alphabets are.
bool is_value_character(char c) noexcept {
  auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

/// Whether *c* is allowed in a request's target. Browsers and curl send other alphabets unencoded.
bool is_target_character(char c) noexcept {
  auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x7f;
}

template <class Test>
bool all(std::string_view text, Test test) {
  return !text.empty() && std::all_of(text.begin(), text.end(), test);
}

std::string_view trimmed(std::string_view text) noexcept {
  auto first = text.find_first_not_of(spaces);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(spaces) - first + 1);
}

/// The fields that determine where a message ends and how its connection goes on.
class framing {
public:
  /// Takes one field; false if it is invalid or contradicts another one.
  bool take(std::string_view name, std::string_view value) {
    if (same_word(name, "Content-Length"))
      return take_length(value);
    if (same_word(name, "Transfer-Encoding"))
      return !std::exchange(chunked_, true) && same_word(value, "chunked");
    if (same_word(name, "Host"))
      return ++hosts_ == 1;
    if (same_word(name, "Connection"))
      take_connection(value);
    else if (same_word(name, "Expect"))
      expects_continue_ = same_word(value, "100-continue");
    return true;
  }

  /// Writes the result to *head*; false if the fields together are invalid.
  bool settle(request_head& head) const {
    auto& r = head.what;
    if (chunked_ && (length_ || !r.takes_chunks))
      return false;
    if (r.takes_chunks && hosts_ == 0)
      return false;
    r.keep_alive = r.takes_chunks ? !close_ : keep_alive_ && !close_;
    r.body_size = length_.value_or(0);
    head.chunked = chunked_;
    head.content_length = length_.value_or(0);
    head.expects_continue = r.takes_chunks && expects_continue_;
    return true;
  }

private:
  bool take_length(std::string_view value) {
    if (length_ || value.size() > max_length_digits || !all(value, is_digit))
      return false;
    length_ = 0;
    for (char c : value)
      *length_ = *length_ * 10 + static_cast<std::uint64_t>(c - '0');
    return true;
  }

  void take_connection(std::string_view value) {
    while (!value.empty()) {
      auto comma = std::min(value.find(','), value.size());
      auto word = trimmed(value.substr(0, comma));
      close_ = close_ || same_word(word, "close");
      keep_alive_ = keep_alive_ || same_word(word, "keep-alive");
      value.remove_prefix(std::min(comma + 1, value.size()));
    }
  }

  std::optional<std::uint64_t> length_;
  bool chunked_ = false;
  int hosts_ = 0;
  bool close_ = false;
  bool keep_alive_ = false;
  bool expects_continue_ = false;
};

/// Splits a target. In the absolute form, which proxies use, the host's address comes before the
/// path.
void take_target(request& r, std::string_view target) {
  if (auto scheme = target.find("://"); target.front() != '/' && scheme != std::string_view::npos) {
    target.remove_prefix(scheme + 3);
    auto end = std::min(target.find_first_of("/?"), target.size());
    r.authority = target.substr(0, end);
    target.remove_prefix(end);
  }
  auto mark = target.find('?');
  r.path = target.substr(0, mark);
  if (mark != std::string_view::npos)
    r.query = target.substr(mark + 1);
}

bool take_request_line(request& r, std::string_view line) {
  auto first = line.find(' ');
  auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last)
    return false;
  auto method = line.substr(0, first);
  auto target = line.substr(first + 1, last - first - 1);
  auto version = line.substr(last + 1);
  if (!all(method, is_token_character) || !all(target, is_target_character))
    return false;
  if (version != "HTTP/1.1" && version != "HTTP/1.0")
    return false;
  r.method = method;
  r.takes_chunks = version == "HTTP/1.1";
  take_target(r, target);
  return true;
}

/// A line that begins with a blank has no name, so it is refused. It once continued the field
/// before it.
bool take_field(request& r, framing& f, std::string_view line) {
  auto colon = line.find(':');
  if (colon == std::string_view::npos)
    return false;
  auto name = line.substr(0, colon);
  auto value = trimmed(line.substr(colon + 1));
  if (!all(name, is_token_character) ||
      !std::all_of(value.begin(), value.end(), is_value_character))
    return false;
  r.headers.emplace_back(name, value);
  return f.take(name, value);
}

} // namespace

bool is_token_character(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c != '\0' && std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos);
}

std::optional<request_head> parse_request_head(std::string_view text) {
  request_head result;
  framing f;
  bool first = true;
  for (;;) {
    auto end = text.find(line_end);
    if (end == std::string_view::npos)
      return std::nullopt;
    auto line = text.substr(0, end);
    text.remove_prefix(end + line_end.size());
    if (line.empty())
      break;
    auto taken = first ? take_request_line(result.what, line) : take_field(result.what, f, line);
    if (!taken)
      return std::nullopt;
    first = false;
  }
  if (first || !text.empty() || !f.settle(result))
    return std::nullopt;
  return result;
}

} // namespace nekod::http
