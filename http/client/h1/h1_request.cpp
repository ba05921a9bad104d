#include "http/client/h1/h1_request.hpp"

#include "protocol/text/hex.hpp"
#include "protocol/text/words.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace nekod::http {

namespace {

/// The most bytes that are taken from a body at once.
constexpr std::size_t most_taken = 16u << 10;

/// Room before a piece for the line of its chunk: four digits and the line end.
constexpr std::size_t chunk_line = 6;
constexpr std::string_view line_end = "\r\n";

/// Room for most heads.
constexpr std::size_t usual_fields = 1u << 10;

bool has_field(const header_fields& fields, std::string_view name) {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const auto& field) { return same_word(field.first, name); });
}

/// Fields about the connection and the framing are ours to write.
bool is_ours(std::string_view name) {
  constexpr std::array<std::string_view, 4> ours{"connection", "content-length", "expect",
                                                 "transfer-encoding"};
  return std::any_of(ours.begin(), ours.end(), [&](auto own) { return same_word(name, own); });
}

/// Whether *text* ends a line. `find_first_of` takes ten times as long.
bool ends_line(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

/// Whether a field is sent. One without a value is not, as with libcurl; none may end its line.
bool is_sendable(std::string_view name, std::string_view value) {
  return value.find_first_not_of(" \t") != value.npos && !ends_line(name) && !ends_line(value);
}

} // namespace

h1_request::h1_request(http_call call, http_url url)
    : call_(std::move(call)), url_(std::move(url)) {
  line_ = call_.method + ' ' + url_.target + " HTTP/1.1\r\n";
  write_fields();
  std::exchange(call_.headers, {}); // They are in the text now.
}

void h1_request::write_fields() {
  auto add = [this](std::string_view name, std::string_view value) {
    fields_.append(name).append(": ").append(value).append(line_end);
  };
  const auto& fields = call_.headers;
  fields_.reserve(usual_fields);
  if (!has_field(fields, "host"))
    add("Host", url_.authority);
  if (!has_field(fields, "accept"))
    add("Accept", "*/*");
  // Asks for no coding. The client of a call that passes names those that it accepts.
  if (!call_.passes && !has_field(fields, "accept-encoding"))
    add("Accept-Encoding", "identity");
  for (const auto& [name, value] : fields)
    if (!is_ours(name) && is_sendable(name, value))
      add(name, value);
  if (call_.source) {
    left_ = call_.source->length();
    if (left_)
      add("Content-Length", std::to_string(*left_));
    else
      add("Transfer-Encoding", "chunked");
  } else if ((call_.method != "GET" && call_.method != "HEAD") || !call_.body.empty()) {
    add("Content-Length", std::to_string(call_.body.size()));
  }
  fields_.append(line_end);
}

void h1_request::restart() noexcept {
  head_sent_ = 0;
  body_sent_ = 0;
  state_ = state::blocked;
}

void h1_request::forget_text() noexcept {
  if (state_ != state::done)
    return;
  call_.repeatable = false;
  body_sent_ = 0;
  for (auto* text : {&call_.body, &line_, &fields_, &piece_})
    std::string{}.swap(*text);
}

bool h1_request::follow_redirect(std::string address) {
  auto url = parse_http_url(address);
  if (!url)
    return false;
  ++redirects_;
  call_.url = std::move(address);
  url_ = std::move(*url);
  line_ = call_.method + ' ' + url_.target + " HTTP/1.1\r\n";
  restart();
  return true;
}

// -- sending -------------------------------------------------------------------------------------

std::string_view h1_request::unsent_body() const noexcept {
  const std::string& all = call_.source ? piece_ : call_.body;
  return std::string_view{all}.substr(body_sent_);
}

h1_request::state h1_request::send(connection& to, clock::time_point now) {
  const auto was_blocked = head_sent_ > 0;
  for (;;) {
    auto next = state::done;
    if (call_.source && unsent_body().empty())
      next = fetch();
    std::array<iovec, 3> pieces;
    std::size_t count = 0;
    std::size_t begin = head_sent_;
    for (const std::string_view text : {std::string_view{line_}, std::string_view{fields_}}) {
      const auto skipped = std::min(begin, text.size());
      begin -= skipped;
      if (skipped < text.size())
        pieces[count++] = {const_cast<char*>(text.data() + skipped), text.size() - skipped};
    }
    if (const auto body = unsent_body(); !body.empty())
      pieces[count++] = {const_cast<char*>(body.data()), body.size()};
    if (count == 0)
      return state_ = next;
    const auto result = to.send(pieces.data(), count);
    if (result.what == moved::how::nothing)
      return state_ = state::blocked;
    if (result.what != moved::how::some)
      return state_ = state::refused;
    const auto of_head = std::min(result.size, line_.size() + fields_.size() - head_sent_);
    head_sent_ += of_head;
    body_sent_ += result.size - of_head;
    if (call_.source || was_blocked)
      last_sent_ = now;
  }
}

bool h1_request::resume(clock::time_point now) noexcept {
  if (state_ != state::waiting)
    return false;
  last_sent_ = now;
  return true;
}

/// Gets the next piece of a body that arrives, if there is one.
/// @returns what to do once all pieces were sent.
h1_request::state h1_request::fetch() {
  piece_.clear();
  body_sent_ = 0;
  if (is_last_ || (left_ && *left_ == 0))
    return state::done;
  const auto begin = left_ ? 0 : chunk_line;
  piece_.resize(begin + most_taken);
  const auto room =
      left_ ? static_cast<std::size_t>(std::min<std::uint64_t>(*left_, most_taken)) : most_taken;
  const auto got = call_.source->read(piece_.data() + begin, room, more_to_send_);
  switch (got.how) {
  case body_source::state::more:
    piece_.resize(begin + got.size);
    if (left_)
      *left_ -= got.size;
    else
      frame(got.size);
    return state::done;
  case body_source::state::waiting:
    piece_.clear();
    return state::waiting;
  case body_source::state::ended:
    piece_.clear();
    if (left_)
      return state::broken;
    is_last_ = true;
    piece_ = "0\r\n\r\n";
    return state::done;
  case body_source::state::broken:
    break;
  }
  piece_.clear();
  return state::broken;
}

/// Writes the line of the piece's chunk before it (RFC 9112, section 7.1).
void h1_request::frame(std::size_t size) {
  if (size == 0) {
    piece_.clear(); // An empty chunk would be the last one.
    return;
  }
  auto left = size;
  for (auto i = chunk_line - line_end.size(); i > 0; left /= hex_digits.size())
    piece_[--i] = hex_digits[left % hex_digits.size()];
  line_end.copy(piece_.data() + chunk_line - line_end.size(), line_end.size());
  piece_ += line_end;
}

} // namespace nekod::http
