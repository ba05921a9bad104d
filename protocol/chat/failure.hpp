#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// The failures of a request: what all of nekod hands on, and each API turns into an error of its
/// own.
namespace nekod::chat {

/// Every failure that a client can see. Its name, `name_of`, is stable.
enum class failure_code : std::uint8_t {
  /// The request is not valid HTTP, or could be read as two requests.
  malformed_request,
  /// The request has no body.
  empty_body,
  /// The body is not JSON.
  invalid_json,
  /// The body is not UTF-8, or contains half a surrogate pair.
  invalid_encoding,
  /// The body nests deeper than the limit.
  nesting_too_deep,
  /// A field has a value of the wrong type.
  invalid_type,
  /// A field's value is outside its range.
  invalid_value,
  /// A required field is missing.
  missing_required_parameter,
  /// `messages` is empty.
  empty_messages,
  /// There is no user message with text.
  no_user_message,
  /// `session_id` has an invalid form.
  invalid_session_id,
  /// The request asks for something that this upstream cannot do and that must not be ignored.
  unsupported_parameter,
  /// The upstream says that the conversation is longer than the model accepts.
  context_length_exceeded,
  /// The conversation exceeds a limit of ours. Not the code above, on which agents cut their
  /// history.
  conversation_too_large,
  /// The upstream refused the request and gave a reason of its own.
  upstream_refused,
  /// The session was deleted while a turn was running.
  session_deleted,
  invalid_api_key,
  /// Without API keys: the host name of the request is not known to be ours.
  host_not_allowed,
  /// Without API keys: the page that sent the request must not send it.
  origin_not_allowed,
  /// The key is known, but only an admin's may do this.
  admin_key_required,
  /// There is no API key of that id.
  key_not_found,
  /// The change takes rights from the caller, or from the last admin, and is not confirmed.
  confirmation_required,
  /// The last API key stays.
  last_key,
  /// The file of API keys cannot be changed by this process.
  keys_not_writable,
  model_not_found,
  session_not_found,
  /// There is no response of that id to go on from.
  previous_response_not_found,
  response_not_found,
  item_not_found,
  conversation_not_found,
  conversation_locked,
  stream_expired,
  /// The client cancelled the response.
  cancelled,
  not_found,
  method_not_allowed,
  content_too_large,
  /// The body has an encoding that is not supported.
  unsupported_media_type,
  /// The request asks for another protocol on its connection.
  upgrade_not_supported,
  /// The request's URL is too long.
  uri_too_long,
  /// The request's header fields are too long.
  header_too_large,
  rate_limit_exceeded,
  /// The session's queue of turns is full.
  session_busy,
  /// The upstream refused the account.
  upstream_auth_failed,
  /// The upstream leads back to this process.
  upstream_loop,
  /// The upstream failed, its answer was cut off, or its answer was not understood.
  upstream_error,
  /// The upstream was silent for too long.
  upstream_timeout,
  /// nekod is draining, or out of some resource.
  overloaded,
  /// Another node that keeps the answer cannot be reached, or its answer broke off.
  node_unreachable,
  /// The session store failed or is silent, or its file was moved, removed or replaced.
  store_unavailable,
  internal_error,
  /// Not an error: the number of codes.
  count,
};

/// The upstream's own wording of a client error. Anything it left out is empty.
struct foreign_words {
  std::uint16_t status = 0;
  std::string message;
  std::string type;
  std::string param;
  std::string code;
  /// Further members of its error object, each with a leading comma, as JSON on one line.
  std::string more;
};

/// One failure, as a value. It never contains secrets, nor message text except what an upstream
/// itself tells its client.
struct failure {
  failure() = default;
  failure(failure_code c, std::string p = {}, std::string d = {})
      : code(c), param(std::move(p)), detail(std::move(d)) {}

  failure_code code = failure_code::internal_error;
  /// The field of the request that is at fault, such as `messages[2].content`; empty for none.
  std::string param;
  /// Further words for the end of the text, in English, such as the allowed range of a number; may
  /// be empty.
  std::string detail;
  /// Whether the upstream may have accepted the message, so that a retry would say it twice.
  bool maybe_taken = false;
  /// Whether the cause may go away within moments: the upstream is unreachable or silent, or says
  /// that it is loading.
  bool may_pass = false;
  /// When a retry makes sense.
  std::optional<std::chrono::milliseconds> retry_after;
  /// The upstream's wording, which the client gets instead of ours; may be null. Not for logs.
  std::shared_ptr<const foreign_words> foreign;
};

/// A refusal for a want that passes within moments, such as of memory: the client may retry in two
/// seconds.
failure retry_soon(failure_code code, std::string detail = {});

/// The code's name, in the APIs, logs and metrics.
std::string_view name_of(failure_code code) noexcept;

} // namespace nekod::chat
