#include "http/server/message/restinio_exchange.hpp"

#include <asio/post.hpp>

#include <algorithm>
#include <utility>

namespace nekod::http {

namespace {

/// What stands in a field that is made of others' words must not end it.
std::string one_line(std::string value) {
  auto ends_field = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
  std::replace_if(value.begin(), value.end(), ends_field, ' ');
  return value;
}

std::string reason_phrase(std::uint16_t status) {
  switch (status) {
  case 200:
    return "OK";
  case 201:
    return "Created";
  case 202:
    return "Accepted";
  case 204:
    return "No Content";
  case 206:
    return "Partial Content";
  case 304:
    return "Not Modified";
  case 308:
    return "Permanent Redirect";
  case 400:
    return "Bad Request";
  case 401:
    return "Unauthorized";
  case 403:
    return "Forbidden";
  case 404:
    return "Not Found";
  case 405:
    return "Method Not Allowed";
  case 409:
    return "Conflict";
  case 413:
    return "Content Too Large";
  case 414:
    return "URI Too Long";
  case 415:
    return "Unsupported Media Type";
  case 422:
    return "Unprocessable Content";
  case 426:
    return "Upgrade Required";
  case 429:
    return "Too Many Requests";
  case 431:
    return "Request Header Fields Too Large";
  case 500:
    return "Internal Server Error";
  case 502:
    return "Bad Gateway";
  case 503:
    return "Service Unavailable";
  case 504:
    return "Gateway Timeout";
  default:
    return "Unknown";
  }
}

/// Counts one in *count* until the last copy of what it returns is gone.
std::shared_ptr<void> count_in(std::shared_ptr<server_state> shared,
                               std::atomic<std::size_t> server_state::*count) {
  ++((*shared).*count);
  return {nullptr, [shared = std::move(shared), count](void*) { --((*shared).*count); }};
}

/// Has *bytes* count in *budget* until the last copy of what it returns is gone.
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
      counted_(count_in(setting_->shared, &server_state::exchanges)) {
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
    setting_->ended(req_, notes_, outcome());
}

exchange_outcome restinio_exchange::outcome() const {
  auto since_arrival = [this](clock::time_point t) {
    return std::chrono::duration_cast<std::chrono::microseconds>(t - arrived_);
  };
  exchange_outcome result;
  result.status = status_;
  result.client_left = gone_;
  if (first_write_ != clock::time_point{})
    result.first_byte = since_arrival(first_write_);
  result.duration = since_arrival(end_ == clock::time_point{} ? clock::now() : end_);
  return result;
}

void restinio_exchange::respond(std::uint16_t status, fields headers, std::string body) {
  if (stream_ || !end())
    return;
  first_write_ = end_;
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
  {
    std::lock_guard guard{mutex_};
    if (ended_ || stream_)
      return false;
    stream_counted_ = count_in(setting_->shared, &server_state::streams);
  }
  stream_.emplace(start<stream_output>(status, std::move(headers)));
  return true;
}

void restinio_exchange::write(std::string bytes, written_handler f) {
  if (ended_ || !stream_)
    return;
  auto now = clock::now();
  if (first_write_ == clock::time_point{})
    first_write_ = now;
  last_write_.store(now, std::memory_order_relaxed);
  if (!may_write_directly())
    stream_->append(std::move(bytes));
  else if (write_directly(bytes))
    return f ? f() : void();
  ++*under_way_;
  stream_->flush([f = std::move(f), under_way = under_way_](const asio::error_code& ec) {
    --*under_way;
    if (!ec && f)
      f();
  });
}

/// Whether bytes can go out past RESTinio: it has written all there was, and nothing else runs on
/// the connection's loop.
bool restinio_exchange::may_write_directly() const {
  return *under_way_ == 0 && stream_->is_flushed() && loop_.get_executor().running_in_this_thread();
}

/// @returns false where bytes are left to be flushed.
bool restinio_exchange::write_directly(std::string_view bytes) {
  thread_local std::string framed;
  stream_->frame(framed, bytes);
  const auto taken = inbox_->way_out.send(framed);
  if (taken == framed.size())
    return true;
  stream_->append_framed(framed.substr(taken));
  return false;
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
  else if (!cut_in_handler())
    start<restinio::restinio_controlled_output_t>(500, {}).connection_close().done();
}

void restinio_exchange::post(std::function<void()> f) { asio::post(loop_, std::move(f)); }

void restinio_exchange::on_gone(gone_handler f) {
  std::unique_lock guard{mutex_};
  if (!gone_) {
    gone_handler_ = std::move(f);
    return;
  }
  guard.unlock();
  f();
}

void restinio_exchange::on_idle(std::chrono::milliseconds period, idle_handler f) {
  std::lock_guard guard{mutex_};
  if (ended_)
    return;
  idle_handler_ = std::move(f);
  idle_period_ = period;
  last_write_.store(clock::now(), std::memory_order_relaxed);
  timer_.emplace(loop_);
  wait_for_idle();
}

void restinio_exchange::client_left() {
  gone_handler f;
  {
    std::lock_guard guard{mutex_};
    if (ended_)
      return;
    gone_ = true;
    f = std::exchange(gone_handler_, nullptr);
  }
  if (f)
    f();
  if (end()) {
    counted_.reset();
    stream_counted_.reset();
  }
}

bool restinio_exchange::leave_handler() {
  std::lock_guard guard{mutex_};
  in_handler_ = false;
  return cut_;
}

/// Ends the answer; false if it had ended before.
bool restinio_exchange::end() {
  idle_handler dropped_idle;
  gone_handler dropped_gone;
  std::lock_guard guard{mutex_};
  if (ended_.exchange(true))
    return false;
  end_ = clock::now();
  timer_.reset();
  dropped_idle.swap(idle_handler_);
  dropped_gone.swap(gone_handler_);
  return true;
}

/// Has the handler's caller cut the connection; false if the handler has returned.
bool restinio_exchange::cut_in_handler() {
  std::lock_guard guard{mutex_};
  cut_ = in_handler_;
  return cut_;
}

/// To be called when the answer's last byte was handed to the system. Until then it holds *bytes*
/// of the budget.
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
  for (auto& field : carried_)
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

/// Needs the lock.
void restinio_exchange::wait_for_idle() {
  timer_->expires_at(last_write_.load(std::memory_order_relaxed) + idle_period_);
  timer_->async_wait([weak = weak_from_this()](const asio::error_code& ec) {
    if (auto self = weak.lock(); self && !ec)
      self->idle_timer_fired();
  });
}

void restinio_exchange::idle_timer_fired() {
  idle_handler f;
  {
    std::lock_guard guard{mutex_};
    if (ended_)
      return;
    auto now = clock::now();
    if (now - last_write_.load(std::memory_order_relaxed) >= idle_period_) {
      f = idle_handler_;
      last_write_.store(now, std::memory_order_relaxed);
    }
    wait_for_idle();
  }
  if (f)
    f();
}

} // namespace nekod::http
