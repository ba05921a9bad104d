#include "http/client/h1/head_reader.hpp"

#include "protocol/text/words.hpp"

#include <algorithm>
#include <utility>

namespace nekod::http {

namespace {

/// The most bytes of a head: libcurl takes as much in one line.
constexpr std::size_t max_head = 100u << 10;

constexpr std::string_view protocol = "HTTP/";

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool is_token(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    const auto l = to_lower(c);
    return (l >= 'a' && l <= 'z') || is_digit(c) ||
           std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
  });
}

bool is_text(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= ' ' && byte != 0x7f) || c == '\t';
  });
}

std::string_view trimmed(std::string_view value) {
  const auto begin = value.find_first_not_of(" \t");
  if (begin == value.npos)
    return {};
  return value.substr(begin, value.find_last_not_of(" \t") - begin + 1);
}

/// Calls *f* with each element of a list.
template <class F>
void for_each_element(std::string_view list, F f) {
  while (!list.empty()) {
    const auto end = std::min(list.find(','), list.size());
    if (const auto element = trimmed(list.substr(0, end)); !element.empty())
      f(element);
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  constexpr std::size_t max_digits = 18;
  if (text.empty() || text.size() > max_digits || !std::all_of(text.begin(), text.end(), is_digit))
    return std::nullopt;
  std::uint64_t result = 0;
  for (const auto c : text)
    result = result * 10 + static_cast<std::uint64_t>(c - '0');
  return result;
}

/// Reads the lines of one head.
class head_parser {
public:
  bool take_status_line(std::string_view line);
  bool take_field(std::string_view line);
  std::optional<message_head> result(bool is_bodiless);

private:
  bool take_length(std::string_view value);
  bool take_coding(std::string_view value);
  void take_connection(std::string_view value);
  void take_keep_alive(std::string_view value);

  message_head head_;
  bool is_old_ = false;
  bool closes_ = false;
  bool keeps_ = false;
  bool is_chunked_ = false;
  std::optional<std::uint64_t> length_;
};

/// `HTTP/1.1 200 OK`, of which the reason and the blank before it may be missing.
bool head_parser::take_status_line(std::string_view line) {
  constexpr std::size_t shortest = 12;
  if (line.size() < shortest ||
      (line.substr(0, 9) != "HTTP/1.1 " && line.substr(0, 9) != "HTTP/1.0 "))
    return false;
  const auto digits = line.substr(9, 3);
  if (!std::all_of(digits.begin(), digits.end(), is_digit) || digits.front() == '0')
    return false;
  if (line.size() > shortest && (line[shortest] != ' ' || !is_text(line.substr(shortest))))
    return false;
  is_old_ = line[7] == '0';
  head_.status = static_cast<std::uint16_t>(*parse_number(digits));
  return true;
}

bool head_parser::take_field(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == line.npos || !is_token(line.substr(0, colon)))
    return false;
  const auto name = line.substr(0, colon);
  const auto value = trimmed(line.substr(colon + 1));
  if (!is_text(value))
    return false;
  if (same_word(name, "content-length"))
    return take_length(value);
  if (same_word(name, "transfer-encoding"))
    return take_coding(value);
  if (same_word(name, "connection"))
    take_connection(value);
  else if (same_word(name, "keep-alive"))
    take_keep_alive(value);
  return true;
}

/// Several equal lengths are one (RFC 9110, section 8.6).
bool head_parser::take_length(std::string_view value) {
  auto is_valid = !value.empty();
  for_each_element(value, [&](std::string_view element) {
    const auto length = parse_number(element);
    is_valid = is_valid && length && length_.value_or(*length) == *length;
    length_ = length;
  });
  return is_valid && length_;
}

bool head_parser::take_coding(std::string_view value) {
  if (is_chunked_ || !same_word(value, "chunked"))
    return false;
  is_chunked_ = true;
  return true;
}

void head_parser::take_connection(std::string_view value) {
  for_each_element(value, [this](std::string_view option) {
    closes_ |= same_word(option, "close");
    keeps_ |= same_word(option, "keep-alive");
  });
}

void head_parser::take_keep_alive(std::string_view value) {
  constexpr std::string_view parameter = "timeout=";
  for_each_element(value, [&](std::string_view element) {
    if (!same_word(element.substr(0, parameter.size()), parameter))
      return;
    if (const auto seconds = parse_number(element.substr(parameter.size())))
      head_.idle_time = std::chrono::seconds{std::min<std::uint64_t>(*seconds, 1u << 20)};
  });
}

std::optional<message_head> head_parser::result(bool is_bodiless) {
  constexpr std::uint16_t first_final = 200;
  constexpr std::uint16_t no_content = 204;
  constexpr std::uint16_t not_modified = 304;
  if (is_chunked_ && (length_ || is_old_))
    return std::nullopt;
  const auto status = head_.status;
  if (is_bodiless || status < first_final || status == no_content || status == not_modified)
    head_.body = body_framing::none();
  else if (is_chunked_)
    head_.body = body_framing::chunked();
  else if (length_)
    head_.body = body_framing::of_length(*length_);
  else
    head_.body = body_framing::until_close();
  head_.keeps_alive = !closes_ && (!is_old_ || keeps_);
  return head_;
}

} // namespace

head_reader::result head_reader::take(std::string_view bytes) {
  const auto begun = text_.size();
  for (std::size_t taken = 0; taken < bytes.size();) {
    const auto end = bytes.find('\n', taken);
    const auto size = end == bytes.npos ? bytes.size() : end + 1;
    if (begun + size > max_head)
      return {state::too_long, taken};
    text_.append(bytes.substr(taken, size - taken));
    taken = size;
    const auto known = std::min(text_.size(), protocol.size());
    if (text_.compare(0, known, protocol, 0, known) != 0)
      return {state::malformed, taken};
    if (end == bytes.npos)
      break;
    const auto line = std::string_view{text_}.substr(line_);
    if (line == "\n" || line == "\r\n")
      return {state::complete, taken};
    line_ = text_.size();
  }
  return {state::more, bytes.size()};
}

void head_reader::restart() noexcept {
  text_.clear();
  line_ = 0;
}

std::optional<message_head> parse_message_head(std::string_view text, bool is_bodiless) {
  head_parser parser;
  auto is_valid = true;
  auto is_first = true;
  for_each_line(text, [&](std::string_view line) {
    line.remove_suffix(line.ends_with("\r\n") ? 2 : 1);
    if (std::exchange(is_first, false))
      is_valid = parser.take_status_line(line);
    else if (is_valid && !line.empty())
      is_valid = parser.take_field(line);
  });
  return is_valid ? parser.result(is_bodiless) : std::nullopt;
}

} // namespace nekod::http
