#include "http/server/server.hpp"

#include <restinio/all.hpp>

#include <algorithm>
#include <atomic>
#include <exception>
#include <future>
#include <mutex>
#include <optional>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

namespace nekod::http {

namespace {

using clock = std::chrono::steady_clock;
using chunked_response = restinio::response_builder_t<restinio::chunked_output_t>;
using whole_response = restinio::response_builder_t<restinio::restinio_controlled_output_t>;
using bodiless_response = restinio::response_builder_t<restinio::user_controlled_output_t>;

/// Connections past the limit that live long enough to be told so.
std::size_t spare_connections(const server_options& o) {
  return std::min<std::size_t>(64, 1 + o.max_connections / 4);
}

/// Thrown inside RESTinio's callbacks, where it makes RESTinio close the connection: its public
/// interface has no other way to cut one.
struct connection_cut : std::exception {
  const char* what() const noexcept override { return "connection cut"; }
};

std::string reason_phrase(std::uint16_t status) {
  switch (status) {
  case 200:
    return "OK";
  case 204:
    return "No Content";
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
  case 429:
    return "Too Many Requests";
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

request make_request(const restinio::request_t& r) {
  request result;
  const auto& head = r.header();
  auto target = head.request_target();
  // The absolute form, which proxies use: the address of the host is none of the path.
  if (auto scheme = target.find("://"); target.front() != '/' && scheme != std::string::npos)
    target.erase(0, std::min(target.find('/', scheme + 3), target.size()));
  auto mark = target.find('?');
  result.method = head.method().c_str();
  result.path = target.substr(0, mark);
  if (mark != std::string::npos)
    result.query = target.substr(mark + 1);
  result.body = r.body();
  result.peer = r.remote_endpoint().address().to_string();
  head.for_each_field(
      [&](const auto& field) { result.headers.emplace_back(field.name(), field.value()); });
  return result;
}

std::system_error cannot_listen(const server_options& o, std::error_code why) {
  return {why, "cannot listen on " + o.host + ":" + std::to_string(o.port)};
}

/// What a server and its exchanges share; outlives the server while an exchange is alive.
struct shared_counts {
  std::atomic<std::size_t> exchanges{0};
  std::atomic<std::size_t> connections{0};
};

/// Counts an exchange until its last byte was handed to the system, or its connection closed.
std::shared_ptr<void> count_exchange(std::shared_ptr<shared_counts> counts) {
  ++counts->exchanges;
  return {nullptr, [counts = std::move(counts)](void*) { --counts->exchanges; }};
}

/// An exchange over RESTinio. Its own lock guards what the loop and the answering actor both touch:
/// the end, the client's leaving, and the idle timer.
class restinio_exchange : public exchange, public std::enable_shared_from_this<restinio_exchange> {
public:
  restinio_exchange(restinio::request_handle_t handle, asio::io_context& loop,
                    std::shared_ptr<shared_counts> counts)
      : req_(make_request(*handle)),
        keep_alive_(handle->header().should_keep_alive()),
        handle_(std::move(handle)),
        loop_(loop),
        counted_(count_exchange(std::move(counts))) {}

  ~restinio_exchange() override {
    if (loop_.stopped())
      return;
    if (stream_)
      abort();
    else
      respond(500, {}, {});
  }

  request& req() noexcept override { return req_; }

  void respond(std::uint16_t status, fields headers, std::string body) override {
    if (stream_ || !end())
      return;
    if (req_.method == "HEAD") {
      auto response = start<bodiless_response>(status, std::move(headers));
      response.set_content_length(body.size());
      response.done(when_sent());
    } else {
      start<whole_response>(status, std::move(headers)).set_body(std::move(body)).done(when_sent());
    }
  }

  void begin(std::uint16_t status, fields headers) override {
    if (!ended() && !stream_)
      stream_.emplace(start<chunked_response>(status, std::move(headers)));
  }

  void write(std::string bytes, written_handler f) override {
    if (ended() || !stream_)
      return;
    last_write_.store(clock::now(), std::memory_order_relaxed);
    stream_->append_chunk(std::move(bytes));
    stream_->flush([f = std::move(f)](const asio::error_code& ec) {
      if (!ec && f)
        f();
    });
  }

  void finish(bool close) override {
    if (!stream_ || !end())
      return;
    if (close)
      stream_->done(
          [counted = std::move(counted_)](const asio::error_code&) { throw connection_cut{}; });
    else
      stream_->done(when_sent());
  }

  void abort() override {
    if (!end())
      return;
    if (stream_)
      stream_->flush([](const asio::error_code&) { throw connection_cut{}; });
    else if (!cut_in_handler())
      start<whole_response>(500, {}).connection_close().done();
  }

  void close_after() override { keep_alive_ = false; }

  void on_gone(gone_handler f) override {
    std::unique_lock guard{mutex_};
    if (!gone_) {
      gone_handler_ = std::move(f);
      return;
    }
    guard.unlock();
    f();
  }

  void on_idle(std::chrono::milliseconds period, idle_handler f) override {
    std::lock_guard guard{mutex_};
    if (ended_)
      return;
    idle_handler_ = std::move(f);
    idle_period_ = period;
    last_write_.store(clock::now(), std::memory_order_relaxed);
    timer_.emplace(loop_);
    wait_for_idle();
  }

  /// The connection closed.
  void client_left() {
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
    if (end())
      counted_.reset();
  }

  /// The server's handler returned; from here on `abort` cannot cut without an answer.
  /// @returns whether it did so.
  bool leave_handler() {
    std::lock_guard guard{mutex_};
    in_handler_ = false;
    return cut_;
  }

private:
  bool ended() const {
    std::lock_guard guard{mutex_};
    return ended_;
  }

  /// Ends the answer; false if it had ended before.
  bool end() {
    idle_handler dropped_idle;
    gone_handler dropped_gone;
    std::lock_guard guard{mutex_};
    if (std::exchange(ended_, true))
      return false;
    timer_.reset();
    dropped_idle.swap(idle_handler_);
    dropped_gone.swap(gone_handler_);
    return true;
  }

  /// Has the handler's caller cut the connection; false if the handler has returned.
  bool cut_in_handler() {
    std::lock_guard guard{mutex_};
    cut_ = in_handler_;
    return cut_;
  }

  /// To be called when the answer's last byte was handed to the system.
  restinio::write_status_cb_t when_sent() {
    return [counted = std::move(counted_)](const asio::error_code&) {};
  }

  template <class Response>
  Response start(std::uint16_t status, fields headers) {
    auto response = handle_->create_response<typename output_of<Response>::type>(
        restinio::http_status_line_t{restinio::http_status_code_t{status}, reason_phrase(status)});
    for (auto& field : headers)
      response.append_header(std::move(field.first), std::move(field.second));
    response.append_header_date_field();
    if (!keep_alive_)
      response.connection_close();
    return response;
  }

  template <class Response>
  struct output_of;
  template <class Output>
  struct output_of<restinio::response_builder_t<Output>> {
    using type = Output;
  };

  /// Needs the lock.
  void wait_for_idle() {
    timer_->expires_at(last_write_.load(std::memory_order_relaxed) + idle_period_);
    timer_->async_wait([weak = weak_from_this()](const asio::error_code& ec) {
      if (auto self = weak.lock(); self && !ec)
        self->idle_timer_fired();
    });
  }

  void idle_timer_fired() {
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

  request req_;
  bool keep_alive_;
  restinio::request_handle_t handle_;
  asio::io_context& loop_;
  std::shared_ptr<void> counted_;
  std::optional<chunked_response> stream_;
  std::atomic<clock::time_point> last_write_{};

  mutable std::mutex mutex_;
  bool in_handler_ = true;
  bool cut_ = false;
  bool ended_ = false;
  bool gone_ = false;
  gone_handler gone_handler_;
  idle_handler idle_handler_;
  std::chrono::milliseconds idle_period_{0};
  std::optional<asio::steady_timer> timer_;
};

/// Knows the exchanges of each connection, so that they hear of its closing.
class connection_table {
public:
  connection_table(std::shared_ptr<shared_counts> counts, std::size_t limit)
      : counts_(std::move(counts)), limit_(limit) {}

  void add(restinio::connection_id_t connection, std::weak_ptr<restinio_exchange> x) {
    std::lock_guard guard{mutex_};
    auto& exchanges = connections_[connection];
    std::erase_if(exchanges, [](const auto& e) { return e.expired(); });
    exchanges.push_back(std::move(x));
  }

  /// RESTinio's connection state listener.
  void state_changed(const restinio::connection_state::notice_t& notice) {
    if (restinio::holds_alternative<restinio::connection_state::accepted_t>(notice.cause()))
      accepted(notice.connection_id());
    else if (restinio::holds_alternative<restinio::connection_state::closed_t>(notice.cause()))
      closed(notice.connection_id());
  }

private:
  /// RESTinio's own limit of connections loses count of those that break before they are taken.
  void accepted(restinio::connection_id_t connection) {
    std::lock_guard guard{mutex_};
    if (connections_.size() >= limit_)
      throw connection_cut{};
    connections_.try_emplace(connection);
    counts_->connections = connections_.size();
  }

  /// RESTinio says twice that a connection closed, where both reading and writing failed.
  void closed(restinio::connection_id_t connection) {
    std::vector<std::weak_ptr<restinio_exchange>> exchanges;
    {
      std::lock_guard guard{mutex_};
      auto i = connections_.find(connection);
      if (i == connections_.end())
        return;
      exchanges.swap(i->second);
      connections_.erase(i);
      counts_->connections = connections_.size();
    }
    for (auto& weak : exchanges)
      if (auto x = weak.lock())
        x->client_left();
  }

  std::shared_ptr<shared_counts> counts_;
  std::size_t limit_;
  std::mutex mutex_;
  std::unordered_map<restinio::connection_id_t, std::vector<std::weak_ptr<restinio_exchange>>>
      connections_;
};

struct traits : restinio::traits_t<restinio::asio_timer_manager_t, restinio::null_logger_t> {
  using connection_state_listener_t = connection_table;
};

} // namespace

class server::impl {
public:
  impl(asio::io_context& loop, const server_options& options, handler f)
      : counts_(std::make_shared<shared_counts>()),
        connections_(std::make_shared<connection_table>(counts_, options.max_connections +
                                                                     spare_connections(options))),
        loop_(loop),
        server_(restinio::external_io_context(loop), settings(options, std::move(f))) {
    try {
      server_.open_sync();
    } catch (const std::system_error& e) {
      throw cannot_listen(options, e.code());
    }
  }

  std::uint16_t port() const noexcept { return port_; }

  void stop_accepting() {
    std::promise<void> closed;
    server_.close_async([&] { closed.set_value(); },
                        [&](const std::exception_ptr&) { closed.set_value(); });
    closed.get_future().wait();
  }

  const shared_counts& counts() const noexcept { return *counts_; }

  asio::io_context& loop() noexcept { return loop_; }

private:
  restinio::server_settings_t<traits> settings(const server_options& o, handler f) {
    asio::error_code ec;
    auto address = asio::ip::make_address(o.host == "localhost" ? "127.0.0.1" : o.host, ec);
    if (ec)
      throw cannot_listen(o, ec);
    restinio::server_settings_t<traits> result;
    result.address(address)
        .protocol(address.is_v6() ? asio::ip::tcp::v6() : asio::ip::tcp::v4())
        .port(o.port)
        .read_next_http_message_timelimit(o.read_timeout)
        .write_http_response_timelimit(o.write_timeout)
        .handle_request_timeout(o.answer_timeout)
        // With one, a client's leaving would show only at the next write to it.
        .max_pipelined_requests(2)
        .incoming_http_msg_limits(restinio::incoming_http_msg_limits_t{}
                                      .max_url_size(o.max_target)
                                      .max_field_name_size(256)
                                      .max_field_value_size(o.max_header_value)
                                      .max_field_count(o.max_headers)
                                      .max_body_size(o.max_body * 2 + (std::size_t{1} << 20)))
        .socket_options_setter(
            [](auto& options) { options.set_option(asio::ip::tcp::no_delay(true)); })
        .acceptor_post_bind_hook(
            [this](asio::ip::tcp::acceptor& a) { port_ = a.local_endpoint().port(); })
        .connection_state_listener(connections_)
        .request_handler([this, f = std::move(f)](restinio::request_handle_t r) {
          handle(std::move(r), f);
          return restinio::request_accepted();
        });
    return result;
  }

  void handle(restinio::request_handle_t r, const handler& f) {
    auto connection = r->connection_id();
    auto x = std::make_shared<restinio_exchange>(std::move(r), loop_, counts_);
    connections_->add(connection, x);
    f(x);
    if (x->leave_handler())
      throw connection_cut{};
  }

  std::shared_ptr<shared_counts> counts_;
  std::shared_ptr<connection_table> connections_;
  asio::io_context& loop_;
  std::uint16_t port_ = 0;
  restinio::http_server_t<traits> server_;
};

namespace {

/// Keeps what servers were made of until their loop ends: RESTinio's connections refer to it, and
/// live as long as the loop.
class ended_servers : public asio::execution_context::service {
public:
  using key_type = ended_servers;
  static inline asio::execution_context::id id;

  explicit ended_servers(asio::execution_context& loop) : service(loop) {}

  void keep(std::shared_ptr<void> server) {
    std::lock_guard guard{mutex_};
    kept_.push_back(std::move(server));
  }

private:
  void shutdown() override {}

  std::mutex mutex_;
  std::vector<std::shared_ptr<void>> kept_;
};

} // namespace

server::server(asio::io_context& loop, const server_options& options, handler f)
    : impl_(std::make_unique<impl>(loop, options, std::move(f))) {}

server::~server() { asio::use_service<ended_servers>(impl_->loop()).keep(std::move(impl_)); }

std::uint16_t server::port() const noexcept { return impl_->port(); }

void server::stop_accepting() { impl_->stop_accepting(); }

std::size_t server::open_exchanges() const noexcept { return impl_->counts().exchanges; }

std::size_t server::open_connections() const noexcept { return impl_->counts().connections; }

} // namespace nekod::http
