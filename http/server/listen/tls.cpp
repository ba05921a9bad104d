#include "http/server/listen/tls.hpp"

#include <asio/ssl/context.hpp>
#include <openssl/ssl.h>

#include <fstream>
#include <string_view>

namespace nekod::http {

namespace {

/// The server's protocols in ALPN's format.
constexpr std::string_view spoken = "\x08http/1.1";

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
  unsigned char* match = nullptr;
  auto outcome =
      SSL_select_next_proto(&match, size, reinterpret_cast<const unsigned char*>(spoken.data()),
                            static_cast<unsigned int>(spoken.size()), offered, offered_size);
  *chosen = match;
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

bool readable(const std::string& file) { return std::ifstream{file}.good(); }

} // namespace

result<tls_context, std::string> load_tls(const std::string& certificate_file,
                                          const std::string& key_file) {
  for (const auto* file : {&certificate_file, &key_file})
    if (!readable(*file))
      return "cannot read " + *file;
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  context->set_options(asio::ssl::context::no_compression | asio::ssl::context::single_dh_use);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_alpn_select_cb(context->native_handle(), &choose_protocol, nullptr);
  asio::error_code ec;
  context->set_password_callback([](auto...) { return std::string{}; }, ec);
  context->use_certificate_chain_file(certificate_file, ec);
  if (ec)
    return certificate_file + " has no certificate: " + ec.message();
  context->use_private_key_file(key_file, asio::ssl::context::pem, ec);
  if (ec)
    return key_file + " has no key for " + certificate_file + ": " + ec.message();
  return context;
}

} // namespace nekod::http
