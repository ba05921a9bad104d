#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

// OpenSSL's types.
struct ssl_ctx_st;
struct ssl_session_st;
struct ssl_st;
struct x509_store_st;

namespace nekod::http {

struct ssl_deleter {
  void operator()(ssl_st* tls) const noexcept;
  void operator()(ssl_ctx_st* context) const noexcept;
  void operator()(ssl_session_st* session) const noexcept;
};

/// The TLS settings and sessions that the connections of a loop share: the authorities that they
/// trust, the protocols that they offer (TLS 1.2 and 1.3 for HTTP/1.1), and the sessions that
/// servers let them resume, so that few handshakes check a certificate. Used on its loop's thread.
class tls_client {
public:
  /// The certificate authorities of the system, and those of a file. Thread-safe.
  ///
  /// Without a file they are read when they are first needed: that takes longer than everything
  /// else at the start, and plain connections do without.
  class authorities {
  public:
    /// @param file Empty for none. A certificate in it that is no authority's is trusted for
    /// itself.
    /// @throws std::bad_alloc
    /// @throws std::invalid_argument if the file has no certificate.
    explicit authorities(const std::string& file);

    x509_store_st* get();

  private:
    std::once_flag loaded_;
    std::shared_ptr<x509_store_st> store_;
  };

  explicit tls_client(std::shared_ptr<authorities> trusted) : trusted_(std::move(trusted)) {}

  tls_client(const tls_client&) = delete;
  tls_client& operator=(const tls_client&) = delete;

  /// A connection that is to shake hands with *host*, whose certificate must be valid for that name
  /// or address. Null if there is no memory.
  /// @param origin By which its session is kept; must outlive the connection.
  std::unique_ptr<ssl_st, ssl_deleter> connect(const std::string& host, const std::string& origin);

  /// No session with *origin* is resumed.
  void forget(const std::string& origin) { sessions_.erase(origin); }

private:
  using session = std::unique_ptr<ssl_session_st, ssl_deleter>;

  static int keep_session(ssl_st* tls, ssl_session_st* session);
  void make_context();

  const std::shared_ptr<authorities> trusted_;
  /// Null before the first connection.
  std::unique_ptr<ssl_ctx_st, ssl_deleter> context_;
  /// The newest one of each origin.
  std::unordered_map<std::string, session> sessions_;
};

} // namespace nekod::http
