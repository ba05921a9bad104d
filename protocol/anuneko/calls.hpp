#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The calls of the AnuNeko service, as its public clients use them: paths, bodies and replies. The
/// service is private, so replies are read leniently: the result may or may not be wrapped in
/// `{"code":0,"data":{...}}`, and unknown keys are ignored.
namespace nekod::anuneko {

/// The service's calls.
enum class call_kind : std::uint8_t {
  view_user,
  create_chat,
  select_model,
  post_message,
  select_choice,
  list_messages,
};

/// The call's name in metrics.
std::string_view name_of(call_kind k) noexcept;

/// One HTTP call, without the account's headers.
struct call {
  call_kind kind = call_kind::view_user;
  std::string method;
  /// Relative to the base URL, beginning with `/`.
  std::string path;
  /// Empty for a call without a body.
  std::string content_type;
  std::string body;
};

/// `GET /user/view`: the models the account may use.
call view_user();
/// `POST /chat`: creates a chat.
call create_chat(std::string_view model);
/// `POST /user/select_model`: sets the model that answers in a chat from now on.
call select_model(std::string_view chat_id, std::string_view model);
/// `POST /msg/{chat_id}/stream`: posts a message of the user; an event stream answers it.
/// @param text UTF-8, of any length.
call post_message(std::string_view chat_id, std::string_view text);
/// `POST /msg/select-choice`: chooses a branch of a reply. Without that, the chat accepts no
/// further message.
call select_choice(std::string_view message_id, int branch);

/// `GET /chat/{chat_id}/messages`: a page of a chat's messages, in the service's order.
/// @param cursor Where the page begins, from the page before; empty for the first one.
call list_messages(std::string_view chat_id, std::string_view cursor = {});

/// An error reported by the service.
struct service_error {
  service_error() = default;

  /// Its code, such as `chat_choice_shown`; a number is written in digits.
  std::string code;
  /// Its message for people; empty if it gave none.
  std::string detail;
};

/// The error in a reply's body: a `code` other than 0, "0" or "ok", or an `error`.
/// @returns nothing if *body* is not an error object.
std::optional<service_error> parse_error(std::string_view body);

/// The chat's id in a reply to `create_chat`: `chat_id` or `id`.
std::optional<std::string> parse_chat_id(std::string_view body);

/// A page of a chat's messages.
struct message_page {
  /// The user's messages, in the service's order.
  std::vector<std::string> said;
  /// The cursor of the next page; empty on the last one.
  std::string next;
};

/// The page in a reply to `list_messages`.
std::optional<message_page> parse_message_page(std::string_view body);

/// The names in a reply to `view_user`.
std::optional<std::vector<std::string>> parse_models(std::string_view body);

/// Whether *e* means that the account was refused.
bool refuses_account(const service_error& e);

/// The error code of a chat whose previous reply had branches of which none was chosen.
inline constexpr std::string_view choice_not_taken = "chat_choice_shown";

/// The model that is used if the service's list of models is not available.
inline constexpr std::string_view default_model = "Orange Cat";

/// The public name of an upstream model: `mihoyo-` and the name in lower case with `_` for spaces.
std::string public_model_id(std::string_view upstream_name);

} // namespace nekod::anuneko
