#include "bench/load/connection.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace nekod::load {

using asio::ip::tcp;

connection::connection(asio::io_context& loop, const run_state::endpoints& servers,
                       asio::ssl::context* tls, listener& l)
    : socket_(loop), servers_(servers), context_(tls), listener_(l) {}

template <class F>
void connection::with_stream(F f) {
  if (tls_)
    f(*tls_);
  else
    f(socket_);
}

void connection::send(std::string request) {
  request_ = std::move(request);
  reader_.reset();
  last_sign_ = clock::now();
  if (connected_ && has_ended())
    close();
  under_way_ = true;
  if (connected_)
    write();
  else
    connect();
}

/// Whether the peer has closed the connection; the pending read may not have reported it yet.
bool connection::has_ended() {
  char byte = 0;
  const auto size = recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return size == 0 || (size < 0 && errno != EAGAIN);
}

void connection::close() {
  ++generation_;
  connected_ = false;
  under_way_ = false;
  asio::error_code ignored;
  socket_.close(ignored);
  tls_.reset();
}

std::string connection::waits_for() const {
  return !connected_ ? "no connection" : reader_.begun() ? "no further byte" : "no first byte";
}

void connection::connect() {
  asio::async_connect(socket_, servers_,
                      [this, g = generation_](const asio::error_code& ec, const tcp::endpoint&) {
                        if (g == generation_)
                          on_connect(ec);
                      });
}

void connection::on_connect(const asio::error_code& ec) {
  if (ec)
    return fail(fault_kind::connect, ec.message());
  asio::error_code ignored;
  socket_.set_option(tcp::no_delay{true}, ignored);
  if (context_)
    shake_hands();
  else
    on_ready({});
}

void connection::shake_hands() {
  tls_ = std::make_shared<tls_stream>(socket_, *context_);
  tls_->async_handshake(tls_stream::client,
                        [this, kept = tls_, g = generation_](const asio::error_code& ec) {
                          if (g == generation_)
                            on_ready(ec);
                        });
}

void connection::on_ready(const asio::error_code& ec) {
  if (ec)
    return fail(fault_kind::connect, ec.message());
  connected_ = true;
  last_sign_ = clock::now();
  listener_.on_connected();
  read();
  write();
}

void connection::write() {
  auto written = [this, kept = tls_, g = generation_](const asio::error_code& ec, std::size_t) {
    if (ec && g == generation_ && under_way_)
      fail(fault_kind::broken, "sending: " + ec.message());
  };
  with_stream([&](auto& s) { asio::async_write(s, asio::buffer(request_), std::move(written)); });
}

/// A read is always pending, so that a connection that its peer closes between two requests is not
/// used for the second one.
void connection::read() {
  auto come = [this, kept = tls_, g = generation_](const asio::error_code& ec, std::size_t size) {
    if (g == generation_)
      on_read(ec, size);
  };
  with_stream([&](auto& s) { s.async_read_some(asio::buffer(buffer_), std::move(come)); });
}

void connection::on_read(const asio::error_code& ec, std::size_t size) {
  last_sign_ = clock::now();
  if (ec == asio::error::eof)
    on_closed();
  else if (ec)
    fail(fault_kind::broken, "reading: " + ec.message());
  else
    take({buffer_.data(), size});
}

void connection::take(std::string_view bytes) {
  if (!under_way_)
    return close();
  switch (reader_.feed(bytes, listener_)) {
  case response_reader::state::bad:
    return fail(fault_kind::broken, "not HTTP");
  case response_reader::state::done:
    return complete();
  case response_reader::state::more:
    return read();
  }
}

void connection::on_closed() {
  if (under_way_ && reader_.ends_by_closing())
    return complete();
  fail(fault_kind::broken, reader_.begun() ? "closed within an answer" : "closed before an answer");
}

void connection::complete() {
  under_way_ = false;
  if (reader_.head().keep_alive && !reader_.ends_by_closing())
    read();
  else
    close();
  listener_.on_end();
}

void connection::fail(fault_kind kind, std::string what) {
  const auto was_under_way = under_way_;
  close();
  if (was_under_way)
    listener_.on_failure({kind, std::move(what)});
}

} // namespace nekod::load
