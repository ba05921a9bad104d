#pragma once

#include <restinio/all.hpp>

#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace nekod::http {

/// What a server and its exchanges share; outlives the server while an exchange is alive.
struct shared_counts {
  std::atomic<std::size_t> exchanges{0};
  std::atomic<std::size_t> streams{0};
  std::atomic<std::size_t> connections{0};
};

/// Thrown inside RESTinio's callbacks, where it makes RESTinio close the connection: its public
/// interface has no other way to cut one.
struct connection_cut : std::exception {
  const char* what() const noexcept override { return "connection cut"; }
};

class inbox;
class restinio_exchange;

/// Knows the connections there are, what came over each, and its exchanges, so that they hear of
/// its closing. RESTinio's own limit of connections loses count of those that break before they are
/// taken.
class connection_table {
public:
  connection_table(std::shared_ptr<shared_counts> counts, std::size_t limit)
      : counts_(std::move(counts)), limit_(limit) {}

  /// A connection is about to be accepted, whose bytes come into *box*.
  void announce(restinio::connection_id_t connection, std::shared_ptr<inbox> box);

  /// Null where the connection has closed.
  std::shared_ptr<inbox> inbox_of(restinio::connection_id_t connection) const;

  void add(restinio::connection_id_t connection, std::weak_ptr<restinio_exchange> x);

  /// RESTinio's connection state listener. Cuts connections past the limit.
  void state_changed(const restinio::connection_state::notice_t& notice);

private:
  struct entry {
    std::shared_ptr<inbox> box;
    std::vector<std::weak_ptr<restinio_exchange>> exchanges;
  };

  void accepted(restinio::connection_id_t connection);
  void closed(restinio::connection_id_t connection);

  std::shared_ptr<shared_counts> counts_;
  std::size_t limit_;
  mutable std::mutex mutex_;
  std::unordered_map<restinio::connection_id_t, entry> connections_;
};

} // namespace nekod::http
