#include "actors/upstream/upstream_response.hpp"

namespace nekod {

using chat::failure_code;

bool is_page(const upstream_response& r) noexcept {
  auto first = r.body.find_first_not_of(" \t\r\n");
  return first != std::string::npos && r.body[first] == '<';
}

// Some agents decide by words such as "connection error" or "timed out" whether an error is worth a
// retry.
chat::failure failure_of(transfer_failure f, const upstream_response& r) {
  switch (f) {
  case transfer_failure::unreachable:
    return {failure_code::upstream_error, {}, "connection error: cannot connect to the upstream"};
  case transfer_failure::untrusted:
    return {failure_code::upstream_error, {}, "the upstream's TLS certificate cannot be verified"};
  case transfer_failure::connect_timeout:
    return {failure_code::upstream_timeout, {}, "the connection to the upstream timed out"};
  case transfer_failure::first_byte_timeout:
    return {failure_code::upstream_timeout, {}, "timed out before the first byte"};
  case transfer_failure::silence_timeout:
    return {failure_code::upstream_timeout, {}, "timed out: the upstream's reply stalled"};
  case transfer_failure::whole_timeout:
    return {failure_code::upstream_timeout, {}, "timed out: the upstream's reply took too long"};
  case transfer_failure::malformed:
    return {failure_code::upstream_error, {}, "the upstream's reply is not valid HTTP"};
  case transfer_failure::undecodable:
    return {failure_code::upstream_error,
            {},
            "the upstream's reply cannot be decoded; its Content-Encoding is " + r.content_coding};
  case transfer_failure::too_long:
    return {failure_code::upstream_error, {}, "the upstream's reply is too long"};
  case transfer_failure::none:
  case transfer_failure::cut:
    break;
  }
  return {failure_code::upstream_error, {}, "connection error: the upstream's reply was cut short"};
}

} // namespace nekod
