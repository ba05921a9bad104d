#include "http/server/watch/access_log.hpp"

#include "protocol/text/json_strings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <string_view>

namespace nekod::http {

namespace {

/// The most bytes of a path in a line.
constexpr std::size_t longest_path = 256;

/// Milliseconds with one decimal.
std::string milliseconds(std::chrono::microseconds d) {
  auto tenths = (d.count() + 50) / 100;
  return std::to_string(tenths / 10) + '.' + static_cast<char>('0' + tenths % 10);
}

/// A client's text as one word of visible ASCII.
std::string plain(std::string_view text) {
  std::string result{text.substr(0, longest_path)};
  std::replace_if(
      result.begin(), result.end(), [](char c) { return c <= ' ' || c > '~' || c == '"'; }, '?');
  return result;
}

/// The same where the result must not be empty, as it would be for invalid HTTP.
std::string plain_word(std::string_view text) { return text.empty() ? "-" : plain(text); }

/// A field that both forms have.
struct field {
  const char* name;
  std::string value;
  bool number = false;
};

/// Everything besides method, path, status and duration.
std::vector<field> details(const request& r, const exchange_notes& n, const exchange_outcome& o) {
  constexpr bool number = true;
  std::vector<field> all;
  auto add = [&all](const char* name, std::string value, bool is_number = false) {
    if (!value.empty())
      all.push_back({name, std::move(value), is_number});
  };
  add("first_byte_ms", o.first_byte ? milliseconds(*o.first_byte) : "", number);
  add("chunks", n.chunks > 0 ? std::to_string(n.chunks) : "", number);
  add("session", n.session);
  add("match", n.match);
  add("upstream", n.upstream);
  add("model", plain(n.model));
  add("answer", n.answer);
  add("tenant", n.tenant);
  add("client", plain(n.client.empty() ? r.peer : n.client));
  add("error", n.error);
  add("request_id", n.request_id);
  return all;
}

} // namespace

std::string access_line(const request& r, const exchange_notes& notes,
                        const exchange_outcome& outcome) {
  std::string line = plain_word(r.method) + ' ' + plain_word(r.path) + ' ' +
                     std::to_string(outcome.status) + ' ' + milliseconds(outcome.duration) + "ms";
  for (const auto& f : details(r, notes, outcome)) {
    line += ' ';
    line += f.name;
    line += '=';
    line += f.value;
  }
  if (outcome.client_left)
    line += " client_left";
  return line;
}

std::string access_members(const request& r, const exchange_notes& notes,
                           const exchange_outcome& outcome) {
  std::string out;
  auto add = [&out](std::string_view name, std::string_view value, bool number) {
    out += out.empty() ? "" : ",";
    json::append_quoted(out, name);
    out += ':';
    if (number)
      out += value;
    else
      json::append_quoted(out, value);
  };
  add("method", plain(r.method), false);
  add("path", plain(r.path), false);
  add("status", std::to_string(outcome.status), true);
  add("duration_ms", milliseconds(outcome.duration), true);
  for (const auto& f : details(r, notes, outcome))
    add(f.name, f.value, f.number);
  add("client_left", outcome.client_left ? "true" : "false", true);
  return out;
}

} // namespace nekod::http
