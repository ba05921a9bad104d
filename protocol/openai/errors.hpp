#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// What a client is told when something went wrong: one table of statuses, types, codes and texts.
namespace nekod::openai {

/// Every failure that a client can see. Its name on the wire is `code_name`, a stable word.
enum class error_code : std::uint8_t {
  /// The request is no HTTP, or could be read as two.
  malformed_request,
  /// The request has no body.
  empty_body,
  /// The body is no JSON.
  invalid_json,
  /// The body is not UTF-8, or holds half a surrogate pair.
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
  /// No message of the user's with text.
  no_user_message,
  /// `session_id` has a wrong form.
  invalid_session_id,
  /// Asks for what this upstream cannot do and what cannot be ignored.
  unsupported_parameter,
  /// The conversation is longer than what the model takes: the upstream says so.
  context_length_exceeded,
  /// The conversation is longer than a limit of ours. Not the code above, on which agents cut what
  /// they remember.
  conversation_too_large,
  /// The upstream refused the request for a reason of its own, which it says.
  upstream_refused,
  /// The conversation was deleted while a turn ran.
  session_deleted,
  invalid_api_key,
  /// Without API keys: the request is addressed to a name that is not known to be ours.
  host_not_allowed,
  /// Without API keys: the request is of a page that may not send it.
  origin_not_allowed,
  model_not_found,
  session_not_found,
  not_found,
  method_not_allowed,
  content_too_large,
  /// The body has a coding that is not taken.
  unsupported_media_type,
  /// Asks for another protocol on its connection.
  upgrade_not_supported,
  /// The request's address is too long.
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
  /// The upstream broke, was cut short, or was not understood.
  upstream_error,
  /// The upstream said nothing for too long.
  upstream_timeout,
  /// Draining, or out of some resource.
  overloaded,
  /// The session store failed, is silent, or its file is not in its place.
  store_unavailable,
  internal_error,
  /// Not an error: the number of codes.
  count,
};

/// Languages of error texts.
enum class language : std::uint8_t { zh, en };

/// How an upstream told a failure that is its client's matter. What it left out is empty.
struct foreign_words {
  std::uint16_t status = 0;
  std::string message;
  std::string type;
  std::string param;
  std::string code;
  /// Further members of its error object, each with a comma before it, as JSON on one line.
  std::string more;
};

/// One failure, as a value. It never carries secrets, nor message text but what an upstream itself
/// tells its client.
struct error {
  error() = default;
  error(error_code c, std::string p = {}, std::string d = {})
      : code(c), param(std::move(p)), detail(std::move(d)) {}

  error_code code = error_code::internal_error;
  /// The request's field at fault, such as `messages[2].content`; empty for none.
  std::string param;
  /// More words for the text's end, in English, such as the range a number must lie in; may be
  /// empty.
  std::string detail;
  /// Whether the upstream may have taken the message, so that the same request would say it twice.
  bool maybe_taken = false;
  /// Whether the reason may pass by itself within moments: the upstream cannot be connected to, is
  /// silent, or says that it is loading.
  bool may_pass = false;
  /// When another try makes sense.
  std::optional<std::chrono::milliseconds> retry_after;
  /// The upstream's words for it, which the client is told in place of ours; may be null. Not for
  /// logs.
  std::shared_ptr<const foreign_words> foreign;
};

/// The HTTP status of *code*.
std::uint16_t status_of(error_code code) noexcept;

/// The HTTP status of *e*.
std::uint16_t status_of(const error& e) noexcept;

/// The `code` word on the wire.
std::string_view name_of(error_code code) noexcept;

/// The `type` word on the wire.
std::string_view type_of(error_code code) noexcept;

/// Whether the same request may succeed later; else answers say `x-should-retry: false`.
bool retriable(error_code code) noexcept;

/// The text for people: the table's sentence, then the field and the detail where there are any; or
/// the upstream's.
std::string message_of(const error& e, language lang);

/// `{"error":{"message","type","param","code"}}`, with the upstream's further members where it told
/// any: a whole body, or the data of a stream's last event.
std::string to_json(const error& e, language lang);

} // namespace nekod::openai
