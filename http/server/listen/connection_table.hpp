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

/// The open connections, each with its inbox and its exchanges, which it tells when the connection
/// closes. If there are too many connections, the oldest one without any request is closed in
/// favour of a new one. Replaces RESTinio's own limit, which miscounts connections that break
/// before they are accepted. Thread-safe.
class connection_table {
public:
  /// @param room Beyond this number of connections, the oldest one without a request gives way.
  /// @param limit Beyond this number, further connections are cut.
  connection_table(std::shared_ptr<server_state> shared, std::size_t room, std::size_t limit)
      : shared_(std::move(shared)), room_(room), limit_(limit) {}

  /// Runs a connection's events one after the other.
  using strand = asio::strand<asio::io_context::executor_type>;

  /// A connection is about to be accepted.
  /// @param box Gets the bytes of the connection.
  void announce(restinio::connection_id_t connection, std::shared_ptr<inbox> box, strand on);

  /// The inbox of a connection; null if that has closed.
  std::shared_ptr<inbox> inbox_of(restinio::connection_id_t connection) const;

  /// An exchange of the connection begins. It is told if the connection closes before its end.
  void add(restinio::connection_id_t connection, std::weak_ptr<restinio_exchange> x);

  /// Closes each connection, as soon as nothing is being received or sent on it.
  void let_leave();

  /// RESTinio's connection state listener. Cuts connections beyond the limit by an exception.
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
  /// The connections without any request, oldest first.
  std::set<restinio::connection_id_t> silent_;
  /// The number of connections that are to give way and have not closed.
  std::size_t giving_way_ = 0;
};

} // namespace nekod::http
