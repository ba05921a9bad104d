#include "bench/simulator/reply.hpp"

#include "protocol/text/sse.hpp"

#include <algorithm>
#include <utility>

namespace nekod::sim {

namespace {

/// Events that are due together are sent in writes of about this many bytes.
constexpr std::size_t write_size = 16u << 10;

std::size_t events_sent(const reply_events& s, const std::optional<fault>& f) {
  return f && ends_reply(*f) ? std::min<std::size_t>(f->after_events, s.size()) : s.size();
}

} // namespace

reply::reply(asio::io_context& loop, http::exchange_ptr exchange,
             std::shared_ptr<const reply_events> e, pace p, std::optional<fault> f,
             ended_handler ended)
    : strand_(asio::make_strand(loop)),
      timer_(strand_),
      exchange_(std::move(exchange)),
      events_(std::move(e)),
      pace_(p),
      fault_(std::move(f)),
      on_ended_(std::move(ended)),
      last_(events_sent(*events_, fault_)) {}

void reply::start() {
  started_ = clock::now();
  asio::post(strand_, [weak = weak_from_this()] {
    auto self = weak.lock();
    if (!self)
      return;
    self->exchange_->begin(200,
                           {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-cache"}});
    self->exchange_->on_gone([weak] {
      if (auto gone = weak.lock())
        asio::post(gone->strand_, [gone] { gone->end(false); });
    });
    self->send_due_events();
  });
}

void reply::send_due_events() {
  if (ended_ || writing_)
    return;
  auto bytes = take_due_events();
  if (next_ == last_)
    send_end(std::move(bytes));
  else if (bytes.empty())
    wait_until(due(next_));
  else
    write_then_go_on(std::move(bytes));
}

std::string reply::take_due_events() {
  std::string bytes;
  const auto now = clock::now();
  for (; next_ < last_ && bytes.size() < write_size && due(next_) <= now; ++next_) {
    if (fault_)
      append_noise(*fault_, next_, events_->size(), bytes);
    events_->append(next_, bytes);
  }
  return bytes;
}

/// Computed from the start, so that the pace does not drift.
reply::clock::time_point reply::due(std::size_t event) const {
  return started_ + pace_.first_delay + pace_.delay * event;
}

void reply::wait_until(clock::time_point t) {
  timer_.expires_at(t);
  timer_.async_wait([weak = weak_from_this()](const asio::error_code& error) {
    if (auto self = weak.lock(); self && !error)
      self->send_due_events();
  });
}

void reply::write_then_go_on(std::string bytes) {
  writing_ = true;
  exchange_->write(std::move(bytes), [weak = weak_from_this()] {
    auto self = weak.lock();
    if (!self)
      return;
    // Posted, because the server may still be processing this write.
    asio::post(self->strand_, [self] {
      self->writing_ = false;
      self->send_due_events();
    });
  });
}

/// Sends *bytes*, which are the last, and ends the reply as the fault requires.
void reply::send_end(std::string bytes) {
  const auto kind = fault_ && ends_reply(*fault_) ? fault_->kind : fault_kind::count;
  if (kind == fault_kind::error_event)
    sse::append_event(bytes, "error", error_body(*fault_));
  else if (kind == fault_kind::error_chunk)
    sse::append_event(bytes, error_body(*fault_));
  else if (kind == fault_kind::error_line)
    bytes += error_body(*fault_) + "\n\n";
  const auto silent = kind == fault_kind::stall || kind == fault_kind::silent;
  if (!silent)
    end(kind == fault_kind::count);
  if (!bytes.empty())
    exchange_->write(std::move(bytes), [] {});
  if (kind == fault_kind::cut)
    exchange_->abort();
  else if (!silent)
    exchange_->finish();
}

void reply::end(bool whole) {
  if (std::exchange(ended_, true))
    return;
  timer_.cancel();
  on_ended_(*this, next_, whole);
}

} // namespace nekod::sim
