#include "http/server/message/restinio_exchange.hpp"

#include "http/server/message/reason_phrase.hpp"

#include <asio/post.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace nekod::http {

namespace {

/// Replaces CR, LF and NUL: the value of a field may be made of untrusted text, which must not end
/// the field.
std::string one_line(std::string value) {
  auto ends_field = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
  std::replace_if(value.begin(), value.end(), ends_field, ' ');
  return value;
}

/// Counts one in *count* until the last copy of the result is gone.
std::shared_ptr<void> count_in(std::shared_ptr<server_state> shared,
                               std::atomic<std::size_t> server_state::*count) {
  ++((*shared).*count);
  return {nullptr, [shared = std::move(shared), count](void*) { --((*shared).*count); }};
}

/// Counts *bytes* in *budget* until the last copy of the result is gone.
std::shared_ptr<void> hold(const std::shared_ptr<byte_budget>& budget, std::size_t bytes) {
  if (!budget || bytes == 0)
    return nullptr;
  auto share = std::make_shared<byte_budget::share>(byte_budget::for_answer(budget));
  share->force(bytes);
  return share;
}

} // namespace

restinio_exchange::restinio_exchange(restinio::request_handle_t handle, std::shared_ptr<inbox> box,
                                     asio::io_context& loop,
                                     std::shared_ptr<const exchange_setting> setting)
    : inbox_(std::move(box)),
      req_(inbox_->release()),
      handle_(std::move(handle)),
      loop_(loop),
      setting_(std::move(setting)),
      counted_(count_in(setting_->shared, &server_state::exchanges)),
      idle_(loop) {
  req_.peer = handle_->remote_endpoint().address().to_string();
}

restinio_exchange::~restinio_exchange() {
  if (!loop_.stopped()) {
    if (stream_)
      abort();
    else
      respond(500, {}, {});
  }
  if (setting_->ended)
    setting_->ended(req_, notes_, progress_.outcome(status_));
}

void restinio_exchange::carry_also(fields more) {
  std::ranges::move(more, std::back_inserter(carried_));
}

void restinio_exchange::respond(std::uint16_t status, fields headers, std::string body) {
  if (stream_ || !end())
    return;
  progress_.wrote_all();
  if (req_.method == "HEAD") {
    auto response = start<restinio::user_controlled_output_t>(status, std::move(headers));
    response.set_content_length(body.size());
    response.done(when_sent());
  } else {
    auto sent = when_sent(body.size());
    start<restinio::restinio_controlled_output_t>(status, std::move(headers))
        .set_body(std::move(body))
        .done(std::move(sent));
  }
}

void restinio_exchange::begin(std::uint16_t status, fields headers) {
  if (begin_stream(status, std::move(headers)) && !req_.takes_chunks)
    stream_->without_chunks();
}

void restinio_exchange::begin_as_is(std::uint16_t status, fields headers, bool bodiless) {
  if (begin_stream(status, std::move(headers)))
    stream_->as_fields_say(bodiless);
}

bool restinio_exchange::begin_stream(std::uint16_t status, fields headers) {
  const auto counts = [this] {
    stream_counted_ = count_in(setting_->shared, &server_state::streams);
  };
  if (stream_ || !progress_.unless_ended(counts))
    return false;
  stream_.emplace(start<stream_output>(status, std::move(headers)));
  return true;
}

void restinio_exchange::write(std::string bytes, written_handler f) {
  if (progress_.has_ended() || !stream_)
    return;
  const auto now = clock::now();
  progress_.wrote(now);
  idle_.wrote(now);
  if (!may_write_directly())
    stream_->append(std::move(bytes));
  else if (stream_->write_past(inbox_->way_out, bytes))
    return f ? f() : void();
  ++*under_way_;
  stream_->flush([f = std::move(f), under_way = under_way_](const asio::error_code& ec) {
    --*under_way;
    if (!ec && f)
      f();
  });
}

/// Whether bytes can be sent past RESTinio: it has sent all that it had, and the caller is on the
/// connection's loop.
bool restinio_exchange::may_write_directly() const {
  return *under_way_ == 0 && stream_->is_flushed() && loop_.get_executor().running_in_this_thread();
}

void restinio_exchange::finish() {
  if (stream_ && end())
    stream_->done(when_sent());
}

void restinio_exchange::abort() {
  if (!end())
    return;
  if (stream_)
    stream_->flush([](const asio::error_code&) { throw connection_cut{}; });
  else if (!progress_.cut_in_handler())
    start<restinio::restinio_controlled_output_t>(500, {}).connection_close().done();
}

void restinio_exchange::post(std::function<void()> f) { asio::post(loop_, std::move(f)); }

void restinio_exchange::on_idle(std::chrono::milliseconds period, idle_handler f) {
  idle_.start(period, std::move(f), std::shared_ptr<idle_timer>{shared_from_this(), &idle_});
}

void restinio_exchange::client_left() {
  if (progress_.client_left() && end()) {
    counted_.reset();
    stream_counted_.reset();
  }
}

/// Ends the answer; false if it had ended before.
bool restinio_exchange::end() {
  if (!progress_.end())
    return false;
  idle_.stop();
  return true;
}

/// The function for RESTinio to call when the last byte of the answer has been handed to the
/// system. Until then it holds *bytes* of the budget.
restinio::write_status_cb_t restinio_exchange::when_sent(std::size_t bytes) {
  return [box = inbox_, counted = std::move(counted_), stream = std::move(stream_counted_),
          held = hold(setting_->budget, bytes)](const asio::error_code& ec) {
    if (!ec)
      box->answered();
  };
}

template <class Output>
restinio::response_builder_t<Output> restinio_exchange::start(std::uint16_t status,
                                                              fields headers) {
  status_ = status;
  auto response = handle_->create_response<Output>(
      restinio::http_status_line_t{restinio::http_status_code_t{status}, reason_phrase(status)});
  for (auto& field : std::exchange(carried_, {}))
    response.append_header(std::move(field.first), one_line(std::move(field.second)));
  for (auto& field : headers)
    response.append_header(std::move(field.first), one_line(std::move(field.second)));
  for (const auto& field : setting_->extra)
    response.append_header(field.first, field.second);
  response.append_header_date_field();
  auto unread = req_.stream && req_.stream->how() != body_pipe::ending::whole;
  if (!req_.keep_alive || unread || setting_->shared->leaving)
    response.connection_close();
  return response;
}

} // namespace nekod::http
