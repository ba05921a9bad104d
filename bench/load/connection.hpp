#pragma once

#include "bench/load/faults.hpp"
#include "bench/load/response_reader.hpp"
#include "bench/load/run_state.hpp"

#include <asio/ssl/stream.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

namespace nekod::load {

/// A client's connection: HTTP/1.1 over TCP with TCP_NODELAY, or TLS, kept alive between requests,
/// opened when needed. Belongs to one thread.
class connection {
public:
  /// Receives events. May send again from `on_end` and `on_failure`, but not from other functions.
  class listener : public response_reader::sink {
  public:
    virtual void on_connected() = 0;
    /// The response is complete.
    virtual void on_end() = 0;
    /// There will be no response; the connection is closed.
    virtual void on_failure(fault f) = 0;

  protected:
    ~listener() = default;
  };

  /// @param servers Addresses to connect to, tried in order. Must outlive this, like *l*.
  /// @param tls For connections with TLS; null for others. Must outlive this.
  connection(asio::io_context& loop, const run_state::endpoints& servers, asio::ssl::context* tls,
             listener& l);

  /// Sends a request. No request may be running.
  void send(std::string request);

  /// Drops the connection and a running request, without an event.
  void close();

  /// The last time at which bytes arrived, a connection was made or a request was sent.
  clock::time_point last_sign() const noexcept { return last_sign_; }

  /// What the running request waits for; for people.
  std::string waits_for() const;

private:
  using tls_stream = asio::ssl::stream<asio::ip::tcp::socket&>;

  void connect();
  void on_connect(const asio::error_code& ec);
  void shake_hands();
  void on_ready(const asio::error_code& ec);
  /// Calls *f* with the stream of bytes.
  template <class F>
  void with_stream(F f);
  bool has_ended();
  void write();
  void read();
  void on_read(const asio::error_code& ec, std::size_t size);
  void take(std::string_view bytes);
  void on_closed();
  void complete();
  void fail(fault_kind kind, std::string what);

  asio::ip::tcp::socket socket_;
  const run_state::endpoints& servers_;
  asio::ssl::context* context_;
  /// Null for plain TCP. Operations that are under way keep it.
  std::shared_ptr<tls_stream> tls_;
  listener& listener_;
  response_reader reader_;
  std::string request_;
  clock::time_point last_sign_{};
  /// Numbers the connections, so that late events of earlier ones are ignored.
  std::uint64_t generation_ = 0;
  bool connected_ = false;
  bool under_way_ = false;
  std::array<char, 16u << 10> buffer_;
};

} // namespace nekod::load
