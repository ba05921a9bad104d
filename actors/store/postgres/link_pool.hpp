#pragma once

#include "actors/store/postgres/link.hpp"

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace nekod::postgres {

/// The settings of a pool.
struct pool_options {
  /// As `parameters_of` takes it.
  std::string address;
  std::size_t links = 8;
  /// The channel that one of the links listens to.
  std::string channel;
  /// A query or a connection that takes longer breaks its link.
  std::chrono::milliseconds longest_silence{4000};
  /// Without any link for that long, queries fail at once.
  std::chrono::milliseconds longest_absence{2000};
};

/// The events of a pool, called on its loop.
struct pool_events {
  /// A notification arrived.
  std::function<void(std::string)> noticed;
  /// Notifications may have been missed before this.
  std::function<void()> listens;
  /// Whether the server is there has changed.
  std::function<void(bool there, const std::string& problem)> changed;
  /// How many links are open.
  std::function<void(std::size_t)> counted;
};

/// A bounded number of links to a server, on one event loop, which all functions must be called on.
/// A query goes to the link with the fewest queries under way. If its link breaks, it goes to
/// another one, until its time is over: so it may be carried out twice.
class link_pool : public std::enable_shared_from_this<link_pool> {
public:
  using clock = query::clock;

  link_pool(asio::io_context& loop, pool_options options, pool_events events);
  link_pool(const link_pool&) = delete;
  link_pool& operator=(const link_pool&) = delete;

  /// Connects all links.
  void begin();

  /// Ends all links. Queries under way are dropped, without a result.
  void close();

  /// Asks the server; *q.then* is called on the loop, never from within this.
  void ask(query q);

private:
  link* best();
  void look_around();
  void link_opened(std::size_t index);
  void link_broke(std::deque<query> unanswered);
  void ask_again(query q);
  void ask_waiting();
  void fail(query q, const std::string& why);
  void count_open();

  asio::io_context& loop_;
  pool_options options_;
  pool_events events_;
  asio::steady_timer timer_;
  std::vector<std::shared_ptr<link>> links_;
  std::deque<query> waiting_;
  std::size_t open_count_ = 0;
  /// When the last link broke, or the pool began.
  clock::time_point absent_since_;
  bool told_there_ = true;
  bool closed_ = false;
};

} // namespace nekod::postgres
