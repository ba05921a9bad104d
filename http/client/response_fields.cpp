#include "http/client/response_fields.hpp"

#include <algorithm>

namespace nekod::http {

namespace {

bool starts_with_name(std::string_view line, std::string_view name) {
  return line.size() > name.size() && line[name.size()] == ':' &&
         std::equal(name.begin(), name.end(), line.begin(),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); });
}

std::string_view value_of(std::string_view line) {
  constexpr std::string_view blanks = " \t\r\n";
  line.remove_prefix(line.find(':') + 1);
  const auto begin = line.find_first_not_of(blanks);
  if (begin == line.npos)
    return {};
  return line.substr(begin, line.find_last_not_of(blanks) - begin + 1);
}

/// The most characters that are kept of a value in lower case.
constexpr std::size_t longest_value = 128;

/// The value of a header line in lower case, without unprintable bytes.
std::string lower_value_of(std::string_view line) {
  std::string value;
  for (const auto c : line.substr(line.find(':') + 1))
    if (c > ' ' && c <= '~' && value.size() < longest_value)
      value += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return value;
}

/// `HTTP/1.1 200 OK`, `HTTP/2 200`.
bool is_success(std::string_view status_line) {
  const auto blank = status_line.find(' ');
  return blank != status_line.npos && blank + 1 < status_line.size() &&
         status_line[blank + 1] == '2';
}

} // namespace

void response_fields::on_line(std::string_view line) {
  if (line.substr(0, 5) == "HTTP/") {
    *this = response_fields{};
    is_success_ = is_success(line);
  }
  if (starts_with_name(line, "content-type"))
    content_type = lower_value_of(line);
  else if (starts_with_name(line, "content-encoding"))
    take_coding(lower_value_of(line));
  else if (is_success_)
    return;
  else if (starts_with_name(line, "retry-after"))
    retry_after = value_of(line);
  else if (starts_with_name(line, "retry-after-ms"))
    retry_after_ms = value_of(line);
  else if (starts_with_name(line, "date"))
    date = value_of(line);
  else if (starts_with_name(line, "location"))
    location = value_of(line);
}

void response_fields::take_coding(const std::string& coding) {
  if (coding != "identity" && coding != "none")
    content_coding += content_coding.empty() ? coding : ',' + coding;
}

std::optional<std::chrono::milliseconds> response_fields::wait() const {
  if (auto wait = parse_retry_after_ms(retry_after_ms))
    return wait;
  const auto now = std::chrono::system_clock::now();
  return parse_retry_after(retry_after, parse_http_date(date, now).value_or(now));
}

} // namespace nekod::http
