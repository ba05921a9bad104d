#pragma once

#include "protocol/result.hpp"

#include <memory>
#include <string>

namespace asio::ssl {
class context;
} // namespace asio::ssl

namespace nekod::http {

/// A certificate with its key, ready for a server: TLS 1.2 or newer, HTTP/1.1 if a client asks for
/// it.
using tls_context = std::shared_ptr<asio::ssl::context>;

/// Loads a certificate chain and its private key, both PEM files. A key with a password is refused,
/// since a service cannot ask for it.
/// @returns the context, or a sentence that names the file at fault.
result<tls_context, std::string> load_tls(const std::string& certificate_file,
                                          const std::string& key_file);

} // namespace nekod::http
