#include "http/client/h1/h1_response.hpp"

#include "http/client/redirects.hpp"

#include <algorithm>
#include <utility>

namespace nekod::http {

namespace {

/// The most bytes, besides the window, that one read of a coded body may be decoded to. No answer
/// that is accepted is longer.
constexpr std::int64_t most_decoded = 16 << 20;

/// How long an idle connection is kept if its server does not say: as libcurl does it.
constexpr std::chrono::seconds usual_idle_time{118};

/// The most bytes of memory that an event keeps for the next one.
constexpr std::size_t most_kept = 128u << 10;

constexpr std::uint16_t first_final = 200;
constexpr std::uint16_t switching_protocols = 101;

} // namespace

h1_response::h1_response(h1_request& request, std::uint64_t number, transport::sink f,
                         const client_options& options)
    : request_(request),
      reader_(number, std::move(f)),
      counts_(*options.counts),
      window_(options.window),
      fields_(request.call().passes) {}

h1_response::state h1_response::fail(transfer_failure f) noexcept {
  failure_ = f;
  return state::failed;
}

h1_response::state h1_response::take(std::string_view bytes, transfer_event& event,
                                     clock::time_point now) {
  last_byte_ = now;
  event.bytes.clear();
  auto result = state::more;
  while (result == state::more && !bytes.empty() && !reader_.has_dropped())
    result = in_body_ ? take_body(bytes, event.bytes) : take_head(bytes);
  has_excess_ = result != state::more && !bytes.empty();
  if (event.bytes.empty())
    return result;
  window_.use(event.bytes.size());
  send_head();
  reader_.reuse(event);
  reader_.send(event);
  if (event.bytes.capacity() > most_kept)
    std::string{}.swap(event.bytes);
  return result;
}

// -- the head ------------------------------------------------------------------------------------

h1_response::state h1_response::take_head(std::string_view& bytes) {
  const auto [how, taken] = lines_.take(bytes);
  bytes.remove_prefix(taken);
  switch (how) {
  case head_reader::state::complete:
    return end_head();
  case head_reader::state::malformed:
    return fail(transfer_failure::malformed);
  case head_reader::state::too_long:
    return fail(transfer_failure::cut);
  default:
    return state::more;
  }
}

h1_response::state h1_response::end_head() {
  auto head = parse_message_head(lines_.text(), request_.call().method == "HEAD");
  if (!head || head->status == switching_protocols)
    return fail(transfer_failure::malformed);
  if (head->status >= first_final) {
    head_ = std::move(*head);
    in_body_ = true;
    act_on_fields();
  }
  lines_.restart();
  return in_body_ && head_.body.is_empty() ? state::ended : state::more;
}

void h1_response::act_on_fields() {
  for_each_line(lines_.text(), [this](std::string_view line) { fields_.take(line); });
  const auto& call = request_.call();
  if (!fields_.location().empty() && !call.source && request_.redirects() < most_redirects)
    next_url_ = redirect_to_follow(head_.status, call.url, fields_.location());
  if (follows_redirect())
    return;
  request_.forget_text();
  if (fields_.is_coded())
    coding_ = coded_body::of(fields_.coding());
  // A head that passes does not wait for the body's first byte.
  if (call.passes) {
    fields_.complete();
    send_head();
  }
}

void h1_response::send_head() {
  if (std::exchange(head_sent_, true))
    return;
  auto head = reader_.event(transfer_event::kind::head);
  fields_.write(head, head_.status, request_.call().url);
  reader_.send(head);
}

// -- the body ------------------------------------------------------------------------------------

/// Adds bytes of the body to *data*: all that a read brought is one event.
h1_response::state h1_response::take_body(std::string_view& bytes, std::string& data) {
  const auto piece = head_.body.take(bytes);
  bytes.remove_prefix(piece.taken);
  if (!piece.data.empty() && !follows_redirect())
    if (const auto failure = decode(piece.data, data))
      return fail(*failure);
  if (piece.how == body_framing::state::malformed)
    return fail(transfer_failure::malformed);
  return piece.how == body_framing::state::ended ? state::ended : state::more;
}

std::optional<transfer_failure> h1_response::decode(std::string_view coded, std::string& data) {
  if (!fields_.is_coded()) {
    data.append(coded);
    return std::nullopt;
  }
  if (!coding_)
    return transfer_failure::undecodable;
  const auto before = data.size();
  const auto room = std::max<std::int64_t>(window_.room() + most_decoded, 0);
  const auto result = coding_->decode(coded, data, static_cast<std::size_t>(room));
  if (result == coded_body::result::fine)
    return std::nullopt;
  data.resize(before);
  return result == coded_body::result::too_long ? transfer_failure::too_long
                                                : transfer_failure::undecodable;
}

void h1_response::finish(transfer_failure failure) {
  if (failure == transfer_failure::none || failure == transfer_failure::undecodable)
    send_head();
  reader_.send_end(failure);
}

std::optional<h1_response::clock::duration> h1_response::idle_time() const {
  if (!head_.keeps_alive || has_excess_ || head_.body.ends_by_close())
    return std::nullopt;
  const auto told = head_.idle_time.value_or(usual_idle_time);
  // A request takes time to arrive.
  const auto time = std::min(told, usual_idle_time) - std::chrono::seconds{1};
  return time.count() > 0 ? std::optional<clock::duration>{time} : std::nullopt;
}

std::string h1_response::take_redirect() {
  fields_.restart();
  in_body_ = false;
  has_excess_ = false;
  coding_.reset();
  last_byte_ = clock::time_point{};
  return *std::exchange(next_url_, std::nullopt);
}

// -- pauses --------------------------------------------------------------------------------------

bool h1_response::pause_if_full() {
  if (!window_.pause_if_full())
    return false;
  counts_.credit_stalls.Increment();
  return true;
}

void h1_response::resume(clock::time_point now) noexcept {
  window_.resume();
  last_byte_ = now;
}

} // namespace nekod::http
