#pragma once

#include "http/server/listen/connection_table.hpp"
#include "http/server/listen/handshake_queue.hpp"
#include "http/server/listen/server_options.hpp"
#include "http/server/listen/tls.hpp"
#include "http/server/message/request_reader.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <utility>

namespace nekod::http {

/// The data that the sockets of one listening port share. Thread-safe.
class listener {
public:
  /// @param o The certificate, the limits and the rules of reading.
  /// @param table Gets each connection.
  listener(const server_options& o, std::shared_ptr<connection_table> table)
      : handshake_timeout(o.handshake_timeout),
        write_timeout(o.write_timeout),
        handshakes(o.max_connections),
        reading(std::make_shared<reading_rules>(
            reading_rules{o.max_body, o.wants_body, o.budget, o.streams_body})),
        connections(std::move(table)),
        context_(o.tls) {}

  /// Null for plain connections.
  tls_context tls() const {
    std::lock_guard guard{mutex_};
    return context_;
  }

  /// For new connections.
  void use(tls_context fresh) {
    std::lock_guard guard{mutex_};
    context_ = std::move(fresh);
  }

  const std::chrono::seconds handshake_timeout;
  const std::chrono::seconds write_timeout;
  handshake_queue handshakes;
  const std::shared_ptr<const reading_rules> reading;
  const std::shared_ptr<connection_table> connections;

private:
  mutable std::mutex mutex_;
  tls_context context_;
};

} // namespace nekod::http
