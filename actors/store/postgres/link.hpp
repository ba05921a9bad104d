#pragma once

#include "actors/store/postgres/address.hpp"
#include "actors/store/postgres/result.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

struct pg_conn;

namespace nekod::postgres {

/// A parameter of a query: text, or NULL.
using query_value = std::optional<std::string>;

/// A query. It may be carried out twice: it has to come to the same then. Its result says so.
struct query {
  using clock = std::chrono::steady_clock;

  /// One statement, with parameters `$1` and so on.
  std::string sql;
  std::vector<query_value> values;
  /// Called once.
  std::function<void(query_result)> then;
  /// Then it has failed.
  clock::time_point until;
  /// How often a server refused it for reasons that may pass, such as a deadlock.
  unsigned refusals = 0;
  /// Whether it was under way on a link that broke.
  bool repeated = false;
};

/// The events of a link, called on its loop. None of them may destroy the link.
struct link_events {
  /// It can take queries from now on.
  std::function<void()> opened;
  /// Queries were under way when the link broke: they may have been carried out or not.
  std::function<void(std::deque<query>)> broke;
  /// A query was refused for reasons that may pass.
  std::function<void(query)> refused;
  /// A notification arrived, with its text.
  std::function<void(std::string)> noticed;
};

/// An address of a host.
struct host_address {
  named_host host;
  std::string address;
};

/// A connection to a PostgreSQL server, on one event loop, which all functions must be called on.
/// Queries are sent without waiting for the results of earlier ones (libpq's pipeline mode). It
/// connects when it begins and whenever it broke, at growing intervals; a host that was silent is
/// tried last then. Never blocks, unless a name
/// of a host stands in a service file, where libpq resolves it.
class link : public std::enable_shared_from_this<link> {
public:
  using clock = query::clock;

  /// @param parameters As `parameters_of` returns them.
  /// @param hosts As `names_in` returns them.
  /// @param channel The channel of notifications to listen to; empty for none.
  link(asio::io_context& loop, std::vector<std::pair<std::string, std::string>> parameters,
       std::vector<named_host> hosts, std::string channel, link_events events);
  ~link();
  link(const link&) = delete;
  link& operator=(const link&) = delete;

  /// Connects.
  void begin() { connect(); }

  /// Ends it for good. Queries under way are dropped, without a result.
  void close();

  bool is_open() const noexcept { return open_; }

  /// How many queries are under way.
  std::size_t load() const noexcept { return sent_.size(); }

  /// Sends a query. Only while the link is open.
  void send(query q);

  /// Breaks the link if it is connecting, or a query is under way, for longer than *limit*, or
  /// beyond the query's time.
  /// @returns whether a query was under way.
  bool check(clock::time_point now, std::chrono::milliseconds limit);

  /// Connects anew if no query is under way, since the server may be silent.
  void renew_if_idle();

  /// Why it broke last.
  const std::string& problem() const noexcept { return problem_; }

private:
  struct sent {
    query what;
    clock::time_point at;
    std::optional<query_result> result;
    bool may_pass = false;
  };

  void connect();
  void resolve(std::size_t index);
  void connect_now();
  void poll(int state);
  void opened();
  template <class F>
  void watch(asio::posix::stream_descriptor::wait_type what, F f);
  void read();
  void take_results();
  void take_result(pg_result* result);
  void finish_first();
  void take_notices();
  void flush();
  void let_go();
  void broke(std::string why);
  std::string reason() const;

  asio::posix::stream_descriptor socket_;
  asio::steady_timer retry_;
  asio::ip::tcp::resolver resolver_;
  std::vector<std::pair<std::string, std::string>> parameters_;
  const std::vector<named_host> hosts_;
  /// The addresses of the hosts, which libpq tries in turn.
  std::vector<host_address> targets_;
  /// The first one to try: after one that was silent, the next.
  std::size_t first_ = 0;
  std::string channel_;
  link_events events_;
  pg_conn* connection_ = nullptr;
  std::deque<sent> sent_;
  std::string problem_;
  clock::time_point since_;
  std::chrono::milliseconds pause_{0};
  /// Counts connections: what waits for an earlier one is over.
  std::size_t turn_ = 0;
  bool open_ = false;
  bool writing_ = false;
  bool closed_ = false;
};

} // namespace nekod::postgres
