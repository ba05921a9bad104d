#include "http/server/listen/server.hpp"

#include "http/server/listen/connection_table.hpp"
#include "http/server/listen/door.hpp"
#include "http/server/listen/restinio_hooks.hpp"
#include "http/server/listen/server_socket.hpp"
#include "http/server/message/inbox.hpp"
#include "http/server/message/restinio_exchange.hpp"

#include <netinet/tcp.h>
#include <restinio/all.hpp>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

namespace nekod::http {

namespace {

/// The number of connections beyond the limit that are served, to refuse their requests.
std::size_t spare_connections(const server_options& o) {
  return std::min<std::size_t>(64, 1 + o.max_connections / 4);
}

std::system_error cannot_listen(const server_options& o, std::error_code why) {
  return {why, "cannot listen on " + o.host + ":" + std::to_string(o.port)};
}

/// The address to listen on.
/// @throws std::system_error if the host is not an address.
asio::ip::tcp::endpoint endpoint_of(const server_options& o) {
  asio::error_code ec;
  auto address = asio::ip::make_address(o.host == "localhost" ? "127.0.0.1" : o.host, ec);
  if (ec)
    throw cannot_listen(o, ec);
  return {address, o.port};
}

/// The address family of a socket.
/// @throws std::system_error if it is not a TCP socket.
asio::ip::tcp family_of(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::system_error{errno, std::generic_category(), "the inherited socket"};
  if (address.ss_family != AF_INET && address.ss_family != AF_INET6)
    throw std::system_error{EAFNOSUPPORT, std::generic_category(), "the inherited socket"};
  return address.ss_family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4();
}

/// Opens the port, or uses the inherited socket.
/// @throws std::system_error that names the address.
asio::ip::tcp::acceptor listen(asio::io_context& loop, const server_options& o) {
  asio::ip::tcp::acceptor result{loop};
  try {
    if (o.inherited_socket >= 0) {
      result.assign(family_of(o.inherited_socket), o.inherited_socket);
    } else {
      auto where = endpoint_of(o);
      result.open(where.protocol());
      result.set_option(asio::socket_base::reuse_address{true});
      result.bind(where);
    }
    result.listen();
  } catch (const std::system_error& e) {
    throw cannot_listen(o, e.code());
  }
  return result;
}

/// RESTinio counts connections by this interface; `connection_table` counts them instead.
class no_counter : public restinio::connection_count_limits::impl::acceptor_callback_iface_t {
  void call_accept_now(std::size_t) noexcept override {}
  void schedule_next_accept_attempt(std::size_t) noexcept override {}
};

/// The most bytes that the system keeps for a client, besides those that are already on their way.
/// This is the memory that a client costs if it does not read.
using unsent_limit = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;
constexpr int most_unsent = 64 << 10;

struct traits : restinio::traits_t<restinio::asio_timer_manager_t, restinio::null_logger_t,
                                   restinio::default_request_handler_t,
                                   asio::strand<server_socket::executor_type>, server_socket> {
  using connection_state_listener_t = connection_table;
};

} // namespace

class server::impl {
public:
  impl(const std::vector<asio::io_context*>& loops, const server_options& options, handler f)
      : shared_(std::make_shared<server_state>()),
        connections_(std::make_shared<connection_table>(shared_, options.max_connections,
                                                        options.max_connections +
                                                            spare_connections(options))),
        exchanges_(std::make_shared<exchange_setting>(
            exchange_setting{shared_, options.extra, options.budget, options.ended})),
        sockets_(std::make_shared<listener>(options, connections_)),
        first_loop_(*loops.front()),
        handler_(std::move(f)) {
    for (auto* loop : loops)
      settings_.push_back(settings_on(*loop, options));
    auto acceptor = listen(first_loop_, options);
    endpoint_ = acceptor.local_endpoint();
    door_ =
        std::make_shared<door>(loops, std::move(acceptor), sockets_,
                               [this](std::size_t loop, server_socket socket, const auto& peer) {
                                 take_in(settings_[loop], std::move(socket), peer);
                               });
    door_->open();
  }

  const asio::ip::tcp::endpoint& endpoint() const noexcept { return endpoint_; }

  void use(tls_context tls) { sockets_->use(std::move(tls)); }

  void stop_accepting() { door_->close(); }

  void announce_leaving() noexcept { shared_->leaving = true; }

  void close_idle() { connections_->let_leave(); }

  const server_state& shared() const noexcept { return *shared_; }

  asio::io_context& first_loop() noexcept { return first_loop_; }

private:
  using restinio_connection = restinio::impl::connection_t<traits>;
  using connection_settings = restinio::impl::connection_settings_t<traits>;
  using limiter = restinio::connection_count_limit_types<traits>::limiter_t;
  using lifetime_monitor = restinio::connection_count_limit_types<traits>::lifetime_monitor_t;

  /// The settings that the connections of a loop share; their timers run on it.
  std::shared_ptr<connection_settings> settings_on(asio::io_context& loop,
                                                   const server_options& o) {
    restinio::server_settings_t<traits> result;
    result.buffer_size(request_token.size())
        .read_next_http_message_timelimit(o.read_timeout)
        // `write_watch` limits the time without progress instead. A large write may take long.
        .write_http_response_timelimit(std::chrono::hours{24})
        .handle_request_timeout(o.answer_timeout)
        // With 1, RESTinio would notice a client's leaving only at the next write.
        .max_pipelined_requests(2)
        .connection_state_listener(connections_)
        .request_handler([this, &loop](restinio::request_handle_t r) {
          handle(std::move(r), loop);
          return restinio::request_accepted();
        });
    return std::make_shared<connection_settings>(
        result, restinio::impl::create_parser_settings<traits::http_methods_mapper_t>(),
        result.timer_factory()->create(loop));
  }

  /// Makes a connection as RESTinio's own server does. That server is not used, since it stops
  /// accepting after one failure, and has only one loop.
  void take_in(const std::shared_ptr<connection_settings>& settings, server_socket socket,
               const asio::ip::tcp::endpoint& peer) {
    socket.lowest_layer().set_option(asio::ip::tcp::no_delay(true));
    socket.lowest_layer().set_option(unsent_limit(most_unsent));
    std::make_shared<restinio_connection>(++last_connection_, std::move(socket), settings, peer,
                                          lifetime_monitor{&uncounted_})
        ->init();
  }

  void handle(restinio::request_handle_t r, asio::io_context& loop) {
    auto connection = r->connection_id();
    auto box = connections_->inbox_of(connection);
    if (!box) // The connection has closed meanwhile.
      throw connection_cut{};
    auto x = std::make_shared<restinio_exchange>(std::move(r), std::move(box), loop, exchanges_);
    connections_->add(connection, x);
    handler_(x);
    if (x->leave_handler())
      throw connection_cut{};
  }

  std::shared_ptr<server_state> shared_;
  std::shared_ptr<connection_table> connections_;
  std::shared_ptr<const exchange_setting> exchanges_;
  std::shared_ptr<listener> sockets_;
  asio::io_context& first_loop_;
  handler handler_;
  no_counter no_counter_;
  limiter uncounted_{&no_counter_, restinio::connection_count_limits::max_parallel_connections_t{0},
                     restinio::connection_count_limits::max_active_accepts_t{0}};
  /// For each loop.
  std::vector<std::shared_ptr<connection_settings>> settings_;
  std::atomic<restinio::connection_id_t> last_connection_{0};
  asio::ip::tcp::endpoint endpoint_;
  std::shared_ptr<door> door_;
};

namespace {

/// Keeps the parts of ended servers until their first loop ends: RESTinio's connections refer to
/// them, and live as long as their loops.
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

server::server(const std::vector<asio::io_context*>& loops, const server_options& options,
               handler f)
    : impl_(std::make_unique<impl>(loops, options, std::move(f))) {}

server::~server() { asio::use_service<ended_servers>(impl_->first_loop()).keep(std::move(impl_)); }

std::uint16_t server::port() const noexcept { return impl_->endpoint().port(); }

std::string server::address() const {
  std::ostringstream result;
  result << impl_->endpoint();
  return result.str();
}

void server::use(tls_context tls) { impl_->use(std::move(tls)); }

void server::stop_accepting() { impl_->stop_accepting(); }

void server::announce_leaving() noexcept { impl_->announce_leaving(); }

void server::close_idle() { impl_->close_idle(); }

std::size_t server::open_exchanges() const noexcept { return impl_->shared().exchanges; }

std::size_t server::open_streams() const noexcept { return impl_->shared().streams; }

std::size_t server::open_connections() const noexcept { return impl_->shared().connections; }

} // namespace nekod::http
