#include "http/server/server.hpp"

#include "http/server/connection_table.hpp"
#include "http/server/restinio_exchange.hpp"
#include "http/server/server_socket.hpp"

#include <restinio/all.hpp>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <future>
#include <mutex>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

namespace nekod::http {

namespace {

/// Connections past the limit that live long enough to be told so.
std::size_t spare_connections(const server_options& o) {
  return std::min<std::size_t>(64, 1 + o.max_connections / 4);
}

std::system_error cannot_listen(const server_options& o, std::error_code why) {
  return {why, "cannot listen on " + o.host + ":" + std::to_string(o.port)};
}

/// Where to listen.
/// @throws std::system_error where the host is no address.
asio::ip::tcp::endpoint endpoint_of(const server_options& o) {
  asio::error_code ec;
  auto address = asio::ip::make_address(o.host == "localhost" ? "127.0.0.1" : o.host, ec);
  if (ec)
    throw cannot_listen(o, ec);
  return {address, o.port};
}

/// The address family of a socket.
/// @throws std::system_error where it is no socket of TCP.
asio::ip::tcp family_of(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::system_error{errno, std::generic_category(), "the inherited socket"};
  if (address.ss_family != AF_INET && address.ss_family != AF_INET6)
    throw std::system_error{EAFNOSUPPORT, std::generic_category(), "the inherited socket"};
  return address.ss_family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4();
}

/// What RESTinio is to bind. It has no way to be given a socket, so that where one is inherited it
/// binds any port, and its acceptor is given the socket then.
asio::ip::tcp::endpoint wanted_endpoint(const server_options& o) {
  if (o.inherited_socket < 0)
    return endpoint_of(o);
  auto loopback = family_of(o.inherited_socket) == asio::ip::tcp::v6()
                      ? asio::ip::address{asio::ip::address_v6::loopback()}
                      : asio::ip::address{asio::ip::address_v4::loopback()};
  return {loopback, 0};
}

void take_over(asio::ip::tcp::acceptor& acceptor, int socket) {
  acceptor.close();
  acceptor.assign(family_of(socket), socket);
}

struct traits : restinio::traits_t<restinio::asio_timer_manager_t, restinio::null_logger_t,
                                   restinio::default_request_handler_t,
                                   asio::strand<server_socket::executor_type>, server_socket> {
  using connection_state_listener_t = connection_table;
};

} // namespace

class server::impl {
public:
  impl(asio::io_context& loop, const server_options& options, handler f)
      : counts_(std::make_shared<shared_counts>()),
        connections_(std::make_shared<connection_table>(counts_, options.max_connections +
                                                                     spare_connections(options))),
        exchanges_(std::make_shared<exchange_setting>(
            exchange_setting{counts_, options.extra, options.ended})),
        sockets_(std::make_shared<listener>(options.tls, options.handshake_timeout,
                                            options.max_connections)),
        loop_(loop),
        server_(restinio::external_io_context(loop), settings(options, std::move(f))) {
    try {
      server_.open_sync();
    } catch (const std::system_error& e) {
      throw cannot_listen(options, e.code());
    }
  }

  const asio::ip::tcp::endpoint& endpoint() const noexcept { return endpoint_; }

  void use(tls_context tls) { sockets_->use(std::move(tls)); }

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
    auto where = wanted_endpoint(o);
    restinio::server_settings_t<traits> result;
    result.sockets_of(sockets_)
        .address(where.address())
        .protocol(where.protocol())
        .port(where.port())
        .read_next_http_message_timelimit(o.read_timeout)
        .write_http_response_timelimit(o.write_timeout)
        .handle_request_timeout(o.answer_timeout)
        // With one, a client's leaving would show only at the next write to it.
        .max_pipelined_requests(2)
        .incoming_http_msg_limits(restinio::incoming_http_msg_limits_t{}
                                      .max_url_size(max_request_head)
                                      .max_field_name_size(max_request_head)
                                      .max_field_value_size(max_request_head)
                                      .max_field_count(max_request_head / 4)
                                      .max_body_size(o.max_body * 2 + (std::size_t{1} << 20)))
        .socket_options_setter(
            [](auto& options) { options.set_option(asio::ip::tcp::no_delay(true)); })
        .acceptor_post_bind_hook([this, inherited = o.inherited_socket](auto& acceptor) {
          if (inherited >= 0)
            take_over(acceptor, inherited);
          endpoint_ = acceptor.local_endpoint();
        })
        .connection_state_listener(connections_)
        .request_handler([this, f = std::move(f)](restinio::request_handle_t r) {
          handle(std::move(r), f);
          return restinio::request_accepted();
        });
    return result;
  }

  void handle(restinio::request_handle_t r, const handler& f) {
    auto connection = r->connection_id();
    auto x = std::make_shared<restinio_exchange>(std::move(r), loop_, exchanges_);
    connections_->add(connection, x);
    f(x);
    if (x->leave_handler())
      throw connection_cut{};
  }

  std::shared_ptr<shared_counts> counts_;
  std::shared_ptr<connection_table> connections_;
  std::shared_ptr<const exchange_setting> exchanges_;
  std::shared_ptr<listener> sockets_;
  asio::io_context& loop_;
  asio::ip::tcp::endpoint endpoint_;
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

std::uint16_t server::port() const noexcept { return impl_->endpoint().port(); }

std::string server::address() const {
  std::ostringstream result;
  result << impl_->endpoint();
  return result.str();
}

void server::use(tls_context tls) { impl_->use(std::move(tls)); }

void server::stop_accepting() { impl_->stop_accepting(); }

std::size_t server::open_exchanges() const noexcept { return impl_->counts().exchanges; }

std::size_t server::open_streams() const noexcept { return impl_->counts().streams; }

std::size_t server::open_connections() const noexcept { return impl_->counts().connections; }

} // namespace nekod::http
