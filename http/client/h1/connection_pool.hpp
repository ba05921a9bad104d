#pragma once

#include "http/client/h1/connection.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

namespace nekod::http {

/// The idle connections of a loop, and the number of those that are open. Used on the loop's
/// thread, except `open_connections`.
class connection_pool {
public:
  using clock = connection::clock;

  struct limits {
    /// Of all connections, those in use included.
    std::size_t most_open = 1;
    std::size_t most_idle = 1;
  };

  /// @param poll Must outlive the pool and its connections.
  connection_pool(event_poll& poll, limits l) : poll_(poll), limits_(l) {}

  connection_pool(const connection_pool&) = delete;
  connection_pool& operator=(const connection_pool&) = delete;

  /// The idle connection to *origin* that was used last, unless it has died meanwhile; null if
  /// there is none. Those that died are closed.
  std::unique_ptr<connection> take(const std::string& origin, clock::time_point now);

  /// A connection that is not connected yet; null if there are too many, even if an idle one were
  /// closed.
  std::unique_ptr<connection> make(std::string origin);

  /// Keeps a connection on which nothing is under way.
  /// @param for_at_most How long it may be idle.
  void keep(std::unique_ptr<connection> c, clock::time_point now, clock::duration for_at_most);

  /// An idle connection has an event: if it died, or says what nobody asked for, it is closed.
  void look_at(connection& idle);

  void drop_all();

  /// On any thread.
  std::size_t open_connections() const noexcept { return open_; }

private:
  using idle_list = std::list<std::unique_ptr<connection>>;

  void drop_oldest();
  void forget(idle_list::iterator i);

  event_poll& poll_;
  limits limits_;
  /// Those with a socket.
  std::atomic<std::size_t> open_{0};
  /// The oldest one first.
  idle_list idle_;
  /// Where the idle connections to an origin are, the oldest one first.
  std::unordered_map<std::string, std::list<idle_list::iterator>> by_origin_;
};

} // namespace nekod::http
