#pragma once

#include "http/client/h1/connection.hpp"

#include <asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace nekod::http {

/// Finds the addresses of hosts without blocking the loop: the system's resolver, which has no
/// other way, runs on a thread for each lookup. Requests for one host at the same time share a
/// lookup; if it fails because no name server answered, those that joined later look the host up
/// once more, since they have time left. Used on the loop's thread.
class name_lookup {
public:
  using clock = std::chrono::steady_clock;
  /// Gets the addresses, in the order in which they are to be tried; none if the host is unknown,
  /// or no name server answers.
  using on_found = std::function<void(const std::vector<socket_address>&)>;

  explicit name_lookup(asio::io_context& loop);
  /// Lookups that are under way are forgotten.
  ~name_lookup();

  name_lookup(const name_lookup&) = delete;
  name_lookup& operator=(const name_lookup&) = delete;

  /// The addresses if no lookup is needed: of an address, of this machine, or of a host that was
  /// found within the last minute. Otherwise none.
  std::vector<socket_address> known(const std::string& host, std::uint16_t port,
                                    clock::time_point now);

  /// Looks up the addresses of *host*.
  /// @param f Called later, on the loop.
  void ask(const std::string& host, std::uint16_t port, clock::time_point now, on_found f);

  /// No connection could be made to the host: it is looked up again next time.
  void distrust(const std::string& host) { known_.erase(host); }

private:
  struct question {
    clock::time_point asked;
    std::vector<std::pair<std::uint16_t, on_found>> askers;
  };
  struct known_host {
    clock::time_point until;
    std::vector<socket_address> addresses;
  };
  /// The part that threads may still touch once this object is gone.
  struct mailbox;

  /// The answer of the system's resolver.
  struct answer {
    std::vector<socket_address> addresses;
    /// Whether it may have another answer soon.
    bool may_change = false;
  };

  static answer resolve(const std::string& host);
  void ask(const std::string& host, clock::time_point now, question what);
  void answered(const std::string& host, std::uint64_t number, const answer& what);

  std::shared_ptr<mailbox> mailbox_;
  std::unordered_map<std::string, known_host> known_;
  /// The lookups under way, by their numbers; several for one host if a name server is slow.
  std::unordered_map<std::uint64_t, question> questions_;
  std::unordered_map<std::string, std::uint64_t> newest_;
  std::uint64_t last_number_ = 0;
};

} // namespace nekod::http
