#include "http/client/h1/h1_job.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace nekod::http {

namespace {

/// The bytes that are read at once: before the head is known, and later even if there is less room
/// for them.
constexpr std::int64_t least_read = 16 << 10;

/// The most bytes of a coded body that are read at once, since each may become a thousand.
constexpr std::int64_t coded_read = 4 << 10;

} // namespace

h1_job::h1_job(std::uint64_t number, http_call call, transport::sink f, http_url url,
               const client_options& options)
    : request_(std::move(call), std::move(url)),
      response_(request_, number, std::move(f), options),
      whole_until_(request_.started() + request_.call().limits.whole),
      gathering_(request_.call().may_gather ? options.gather_time : clock::duration{0}) {}

// -- its connection ------------------------------------------------------------------------------

void h1_job::begin_connecting(clock::time_point now) {
  phase_ = phase::looking_up;
  connect_until_ = now + request_.call().limits.connect;
}

h1_job::step h1_job::connect(std::unique_ptr<connection> to, std::vector<socket_address> addresses,
                             clock::time_point now) {
  connection_ = std::move(to);
  connection_->used_by(this);
  phase_ = phase::connecting;
  return go_on(connection_->connect(std::move(addresses), now, connect_until_), now);
}

h1_job::step h1_job::use(std::unique_ptr<connection> pooled, clock::time_point now) {
  connection_ = std::move(pooled);
  connection_->used_by(this);
  phase_ = phase::connected;
  return send(now);
}

h1_job::step h1_job::go_on(connection::progress p, clock::time_point now) {
  switch (p) {
  case connection::progress::connected:
    phase_ = phase::connected;
    return send(now);
  case connection::progress::failed:
    return fail(transfer_failure::unreachable);
  case connection::progress::untrusted:
    return fail(transfer_failure::untrusted);
  default:
    return step::wait;
  }
}

std::unique_ptr<connection> h1_job::release() {
  phase_ = phase::queued;
  if (connection_) {
    gathering_.stop();
    connection_->gather(false);
    connection_->used_by(nullptr);
  }
  return std::move(connection_);
}

std::optional<h1_job::clock::duration> h1_job::idle_time() const {
  if (failure_ != transfer_failure::none || request_.is() != h1_request::state::done)
    return std::nullopt;
  return response_.idle_time();
}

h1_job::unseen h1_job::unseen_bytes() const noexcept {
  if (phase_ != phase::connected || !connection_ || response_.window().is_paused() ||
      response_.reader().has_dropped())
    return unseen::none;
  if (connection_->has_more())
    return unseen::waits;
  return gathering_.is_on() ? unseen::gathers : unseen::none;
}

/// Waits for what the transfer can do next.
void h1_job::wait() {
  connection_->wait(!response_.window().is_paused(), request_.is() == h1_request::state::blocked);
}

// -- events --------------------------------------------------------------------------------------

h1_job::step h1_job::on_ready(std::uint32_t events, std::span<char> buffer, transfer_event& event,
                              clock::time_point now) {
  if (response_.reader().has_dropped())
    return step::wait;
  if (phase_ == phase::connecting)
    return go_on(connection_->on_ready(now), now);
  if ((events & EPOLLOUT) != 0 && request_.is() == h1_request::state::blocked)
    if (const auto next = send(now); next != step::wait)
      return next;
  if ((events & ~std::uint32_t{EPOLLOUT}) != 0 && !response_.window().is_paused())
    return receive(buffer, event, now);
  return step::wait;
}

h1_job::step h1_job::send(clock::time_point now) {
  if (request_.send(*connection_, now) == h1_request::state::broken)
    return fail(transfer_failure::cut);
  // A server that takes no more may have answered before; else its end is read next.
  wait();
  return step::wait;
}

h1_job::step h1_job::receive(std::span<char> buffer, transfer_event& event, clock::time_point now) {
  const auto room = !response_.has_begun() ? least_read
                    : response_.is_coded() ? coded_read
                                           : std::max(response_.window().room(), least_read);
  const auto size = std::min(buffer.size(), static_cast<std::size_t>(room));
  const auto got = connection_->receive(buffer.data(), size);
  if (got.what == moved::how::nothing) {
    gathering_.stop();
    connection_->gather(false);
    return step::wait;
  }
  if (got.what != moved::how::some)
    return on_close(got.what == moved::how::over);
  const auto before = response_.last_byte();
  const auto result = response_.take({buffer.data(), got.size}, event, now);
  if (response_.reader().has_dropped())
    return step::wait;
  switch (result) {
  case h1_response::state::failed:
    return fail(response_.failure());
  case h1_response::state::ended:
    return response_.follows_redirect() ? step::redirect : step::end;
  default:
    gathering_.on_read(before, now, got.size < size && response_.has_open_end());
    if (response_.pause_if_full()) {
      gathering_.stop();
      wait();
    }
    connection_->gather(gathering_.is_on());
    return step::wait;
  }
}

/// The server has closed the connection.
/// @param is_clean Whether it said so, not that the connection broke.
h1_job::step h1_job::on_close(bool is_clean) noexcept {
  if (!response_.has_begun() && connection_->was_used() && request_.may_repeat()) {
    request_.restart();
    release();
    return step::connect_anew;
  }
  if (is_clean && response_.ends_by_close())
    return response_.follows_redirect() ? step::redirect : step::end;
  return fail(transfer_failure::cut);
}

void h1_job::resume(clock::time_point now) {
  response_.resume(now);
  if (phase_ == phase::connected)
    wait();
}

h1_job::step h1_job::resume_sending(clock::time_point now) {
  return phase_ == phase::connected && request_.resume(now) ? send(now) : step::wait;
}

h1_job::step h1_job::fail(transfer_failure f) noexcept {
  failure_ = f;
  return step::end;
}

// -- time ----------------------------------------------------------------------------------------

h1_job::clock::time_point h1_job::silent_until() const noexcept {
  if (response_.window().is_paused() || request_.is() == h1_request::state::waiting)
    return clock::time_point::max(); // The upstream waits for us.
  // An upstream that takes some of the body is alive, too.
  const auto& limits = request_.call().limits;
  return response_.has_begun()
             ? std::max(response_.last_byte(), request_.last_sent()) + limits.silence
             : std::max(request_.started(), request_.last_sent()) + limits.first_byte;
}

h1_job::clock::time_point h1_job::deadline() const noexcept {
  auto result = std::min(whole_until_, silent_until());
  if (phase_ == phase::looking_up || phase_ == phase::connecting)
    result = std::min(result, connect_until_);
  if (phase_ == phase::connecting)
    result = std::min(result, connection_->attempt_ends());
  return result;
}

h1_job::clock::time_point h1_job::next_look(clock::time_point now) const noexcept {
  return response_.has_begun() ? deadline()
                               : std::min(deadline(), now + request_.call().limits.silence);
}

h1_job::step h1_job::on_late(clock::time_point now) {
  const auto is_connecting = phase_ == phase::looking_up || phase_ == phase::connecting;
  if (now >= whole_until_)
    return fail(phase_ == phase::connected ? transfer_failure::whole_timeout
                                           : transfer_failure::connect_timeout);
  if (is_connecting && now >= connect_until_)
    return fail(transfer_failure::connect_timeout);
  if (now >= silent_until())
    return fail(response_.has_begun() ? transfer_failure::silence_timeout
                                      : transfer_failure::first_byte_timeout);
  if (phase_ == phase::connecting && now >= connection_->attempt_ends())
    return go_on(connection_->on_late(now), now);
  return step::wait;
}

} // namespace nekod::http
