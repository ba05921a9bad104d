#include "http/client/h1/tls_client.hpp"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <new>
#include <stdexcept>
#include <string_view>

namespace nekod::http {

namespace {

/// The protocols that are offered, in ALPN's format.
constexpr std::string_view offered = "\x08http/1.1";

/// The most origins whose sessions are kept.
constexpr std::size_t most_sessions = 256;

bool is_ip_address(const std::string& host) {
  in6_addr any;
  return inet_pton(AF_INET, host.c_str(), &any) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &any) == 1;
}

/// Only a certificate for *host* will do.
bool expect(SSL* tls, std::string host) {
  if (is_ip_address(host))
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host.c_str()) == 1;
  // Neither certificates nor names in the handshake have the dot of the root (RFC 6066, section 3).
  if (host.ends_with('.'))
    host.pop_back();
  SSL_set_hostflags(tls, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set_tlsext_host_name(tls, host.c_str()) == 1 && SSL_set1_host(tls, host.c_str()) == 1;
}

} // namespace

void ssl_deleter::operator()(ssl_st* tls) const noexcept { SSL_free(tls); }
void ssl_deleter::operator()(ssl_ctx_st* context) const noexcept { SSL_CTX_free(context); }
void ssl_deleter::operator()(ssl_session_st* session) const noexcept { SSL_SESSION_free(session); }

tls_client::authorities::authorities(const std::string& file)
    : store_(X509_STORE_new(), &X509_STORE_free) {
  if (!store_)
    throw std::bad_alloc{};
  X509_STORE_set_flags(store_.get(), X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
  if (file.empty())
    return;
  get();
  if (X509_STORE_load_file(store_.get(), file.c_str()) != 1)
    throw std::invalid_argument{file + " has no certificate of an authority"};
}

x509_store_st* tls_client::authorities::get() {
  // Without memory for them no certificate is trusted.
  std::call_once(loaded_, [this] { X509_STORE_set_default_paths(store_.get()); });
  return store_.get();
}

void tls_client::make_context() {
  context_.reset(SSL_CTX_new(TLS_client_method()));
  auto* context = context_.get();
  if (!context)
    return;
  SSL_CTX_set1_cert_store(context, trusted_->get());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(offered.data()),
                          static_cast<unsigned int>(offered.size()));
  // A stream that waits for its next event has no buffers; a read takes what the socket has.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, &tls_client::keep_session);
  SSL_CTX_set_app_data(context, this);
}

/// Takes over *session*, which came with a handshake or after it.
int tls_client::keep_session(ssl_st* tls, ssl_session_st* session) {
  auto& client = *static_cast<tls_client*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(tls)));
  const auto& origin = *static_cast<const std::string*>(SSL_get_app_data(tls));
  auto& sessions = client.sessions_;
  if (sessions.size() >= most_sessions && sessions.count(origin) == 0)
    sessions.clear();
  sessions[origin].reset(session);
  return 1;
}

std::unique_ptr<ssl_st, ssl_deleter> tls_client::connect(const std::string& host,
                                                         const std::string& origin) {
  if (!context_)
    make_context();
  std::unique_ptr<ssl_st, ssl_deleter> result{context_ ? SSL_new(context_.get()) : nullptr};
  if (!result || !expect(result.get(), host))
    return nullptr;
  // OpenSSL keeps the pointer, and changes nothing.
  SSL_set_app_data(result.get(), const_cast<std::string*>(&origin));
  // A copy, since OpenSSL lets a session of TLS 1.3 be used once, and servers may give no other.
  if (const auto known = sessions_.find(origin); known != sessions_.end())
    if (const session copy{SSL_SESSION_dup(known->second.get())})
      SSL_set_session(result.get(), copy.get());
  SSL_set_connect_state(result.get());
  return result;
}

} // namespace nekod::http
