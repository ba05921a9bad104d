#include "bench/load/response_reader.hpp"

#include "protocol/text/words.hpp"

#include <algorithm>
#include <charconv>

namespace nekod::load {
namespace {

constexpr std::size_t longest_head = 64u << 10;
constexpr std::string_view blank_line = "\r\n\r\n";

template <class T>
std::optional<T> number(std::string_view text) {
  T value = 0;
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  return read.ec == std::errc{} && read.ptr == end ? std::optional{value} : std::nullopt;
}

/// Parses the status in `HTTP/1.1 200 OK`.
bool take_status(std::string_view line, response_head& head) {
  if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ')
    return false;
  const auto status = number<unsigned>(line.substr(9, 3));
  head.status = status.value_or(0);
  head.keep_alive = line[7] != '0';
  return status.has_value() && *status >= 100;
}

bool take_field(std::string_view line, response_head& head) {
  const auto colon = line.find(':');
  if (colon == line.npos)
    return false;
  const auto name = line.substr(0, colon);
  const auto value = trim(line.substr(colon + 1));
  if (same_word(name, "content-length"))
    return (head.length = number<std::uint64_t>(value)).has_value();
  if (same_word(name, "transfer-encoding"))
    return head.chunked = same_word(value, "chunked");
  if (same_word(name, "connection"))
    head.keep_alive = !same_word(value, "close");
  else if (same_word(name, "x-session-match"))
    head.session_match = value;
  return true;
}

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find("\r\n"), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 2, text.size()));
  return line;
}

} // namespace

std::optional<response_head> parse_head(std::string_view text) {
  response_head head;
  if (!take_status(take_line(text), head))
    return std::nullopt;
  while (!text.empty())
    if (!take_field(take_line(text), head))
      return std::nullopt;
  return head;
}

void response_reader::reset() {
  partial_.clear();
  has_head_ = false;
  chunks_ = {};
}

response_reader::state response_reader::feed(std::string_view bytes, sink& s) {
  auto now = state::more;
  while (now == state::more && !bytes.empty())
    now = has_head_ ? take_body(bytes, s) : take_head(bytes, s);
  return now == state::done && !bytes.empty() ? state::bad : now;
}

response_reader::state response_reader::take_head(std::string_view& bytes, sink& s) {
  const auto known = partial_.size();
  partial_.append(bytes);
  const auto end = partial_.find(blank_line, known - std::min<std::size_t>(known, 3));
  if (end == partial_.npos) {
    bytes = {};
    return partial_.size() > longest_head ? state::bad : state::more;
  }
  bytes.remove_prefix(end + blank_line.size() - known);
  const auto head = parse_head(std::string_view{partial_}.substr(0, end));
  partial_.clear();
  if (!head)
    return state::bad;
  if (head->status < 200) // "100 Continue" and similar: the final response follows.
    return state::more;
  head_ = *head;
  has_head_ = true;
  left_ = head_.length.value_or(0);
  s.on_head(head_);
  return !head_.chunked && head_.length == 0 ? state::done : state::more;
}

response_reader::state response_reader::take_body(std::string_view& bytes, sink& s) {
  if (!head_.chunked)
    return take_length(bytes, s);
  const auto now = chunks_.feed(bytes, [&s](std::string_view data) { s.on_body(data); });
  return now == chunked_decoder::state::done  ? state::done
         : now == chunked_decoder::state::bad ? state::bad
                                              : state::more;
}

response_reader::state response_reader::take_length(std::string_view& bytes, sink& s) {
  const auto size = head_.length ? std::min<std::uint64_t>(left_, bytes.size()) : bytes.size();
  s.on_body(bytes.substr(0, size));
  bytes.remove_prefix(size);
  left_ -= head_.length ? size : 0;
  return head_.length && left_ == 0 ? state::done : state::more;
}

bool response_reader::ends_by_closing() const noexcept {
  return has_head_ && !head_.chunked && !head_.length;
}

} // namespace nekod::load
