#pragma once

#include "http/server/message/server_state.hpp"

#include <asio/io_context.hpp>
#include <asio/strand.hpp>
#include <restinio/all.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

namespace nekod::http {

class inbox;
class restinio_exchange;

/// Knows the connections there are, what came over each, and its exchanges, so that they hear of
/// its closing. Where there are too many, one of which no request has come gives way to a new one.
/// RESTinio's own limit of connections loses count of those that break before they are taken.
class connection_table {
public:
  /// @param room Connections past which the oldest one of which no request came gives way.
  /// @param limit Connections past which further ones are cut.
  connection_table(std::shared_ptr<server_state> shared, std::size_t room, std::size_t limit)
      : shared_(std::move(shared)), room_(room), limit_(limit) {}

  /// What a connection's events run on, one after the other.
  using strand = asio::strand<asio::io_context::executor_type>;

  /// A connection is about to be accepted, whose bytes come into *box*.
  void announce(restinio::connection_id_t connection, std::shared_ptr<inbox> box, strand on);

  /// Null where the connection has closed.
  std::shared_ptr<inbox> inbox_of(restinio::connection_id_t connection) const;

  void add(restinio::connection_id_t connection, std::weak_ptr<restinio_exchange> x);

  /// Has each connection that is here close once nothing is under way over it.
  void let_leave();

  /// RESTinio's connection state listener. Cuts connections past the limit.
  void state_changed(const restinio::connection_state::notice_t& notice);

private:
  struct entry {
    std::shared_ptr<inbox> box;
    std::optional<strand> on;
    std::vector<std::weak_ptr<restinio_exchange>> exchanges;
    bool gives_way = false;
  };

  void accepted(restinio::connection_id_t connection);
  void closed(restinio::connection_id_t connection);
  void make_way();
  std::size_t staying() const { return connections_.size() - giving_way_; }

  std::shared_ptr<server_state> shared_;
  std::size_t room_;
  std::size_t limit_;
  mutable std::mutex mutex_;
  std::unordered_map<restinio::connection_id_t, entry> connections_;
  /// Those of which no request has come, by age.
  std::set<restinio::connection_id_t> silent_;
  /// Those that were told to give way and have not closed.
  std::size_t giving_way_ = 0;
};

} // namespace nekod::http
