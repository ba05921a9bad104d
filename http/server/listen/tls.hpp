#pragma once

#include "protocol/result.hpp"

#include <memory>
#include <string>

namespace asio::ssl {
class context;
} // namespace asio::ssl

namespace nekod::http {

/// A certificate with its key, ready for a server: TLS 1.2 at least, HTTP/1.1 where a client asks.
using tls_context = std::shared_ptr<asio::ssl::context>;

/// Reads a certificate chain and its private key, both PEM files. A key that wants a password is
/// refused; a service has nobody to ask.
/// @returns the context, or a sentence that names the file at fault.
result<tls_context, std::string> load_tls(const std::string& certificate_file,
                                          const std::string& key_file);

} // namespace nekod::http
