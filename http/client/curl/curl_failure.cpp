#include "http/client/curl/curl_failure.hpp"

namespace nekod::http {

transfer_failure failure_of(CURLcode code, bool connected) noexcept {
  switch (code) {
  case CURLE_OK:
    return transfer_failure::none;
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_RESOLVE_PROXY:
  case CURLE_COULDNT_CONNECT:
    return transfer_failure::unreachable;
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_PEER_FAILED_VERIFICATION:
    return transfer_failure::untrusted;
  case CURLE_OPERATION_TIMEDOUT:
    return connected ? transfer_failure::whole_timeout : transfer_failure::connect_timeout;
  case CURLE_WEIRD_SERVER_REPLY:
  case CURLE_UNSUPPORTED_PROTOCOL:
  case CURLE_URL_MALFORMAT:
    return transfer_failure::malformed;
  case CURLE_BAD_CONTENT_ENCODING:
    return transfer_failure::undecodable;
  default:
    return transfer_failure::cut;
  }
}

} // namespace nekod::http
