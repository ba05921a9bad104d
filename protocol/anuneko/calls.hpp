#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The calls of the AnuNeko service, as its public clients know them: paths, bodies, and what their
/// replies say. The service is private, so replies are read leniently: `{"code":0,"data":{...}}`
/// around a result or not, unknown keys ignored.
namespace nekod::anuneko {

/// Which call of the service's.
enum class call_kind : std::uint8_t {
  view_user,
  create_chat,
  select_model,
  post_message,
  select_choice,
  list_messages,
};

/// The call's word in metrics.
std::string_view name_of(call_kind k) noexcept;

/// One HTTP call, without the account's headers.
struct call {
  call_kind kind = call_kind::view_user;
  std::string method;
  /// Below the base URL, from its `/`.
  std::string path;
  /// Empty for a call without a body.
  std::string content_type;
  std::string body;
};

/// `GET /user/view`: the models the account may use.
call view_user();
/// `POST /chat`: a new chat.
call create_chat(std::string_view model);
/// `POST /user/select_model`: the model that answers in a chat from now on.
call select_model(std::string_view chat_id, std::string_view model);
/// `POST /msg/{chat_id}/stream`: one message of the user's, answered by an event stream.
/// @param text UTF-8, of any length.
call post_message(std::string_view chat_id, std::string_view text);
/// `POST /msg/select-choice`: takes one branch of a reply, without which the chat takes no message.
call select_choice(std::string_view message_id, int branch);

/// `GET /chat/{chat_id}/messages`: a page of what was said in a chat, in the service's order.
/// @param cursor Where it begins, as the page before says; empty for the first one.
call list_messages(std::string_view chat_id, std::string_view cursor = {});

/// A service's way to say no.
struct service_error {
  service_error() = default;

  /// Its machine word, such as `chat_choice_shown`; a number is written in digits.
  std::string code;
  /// Its words for people; empty where it gave none.
  std::string detail;
};

/// The error in a reply's body: a `code` that is not 0 or "0" or "ok", or an `error`.
/// @returns nothing where *body* is no error object.
std::optional<service_error> parse_error(std::string_view body);

/// The chat's id in a reply to `create_chat`: `chat_id` or `id`.
std::optional<std::string> parse_chat_id(std::string_view body);

/// A page of a chat's messages.
struct message_page {
  /// What the user said, in the service's order.
  std::vector<std::string> said;
  /// The cursor of the next page; empty where there is none.
  std::string next;
};

/// What a reply to `list_messages` says.
std::optional<message_page> parse_message_page(std::string_view body);

/// The names in a reply to `view_user`.
std::optional<std::vector<std::string>> parse_models(std::string_view body);

/// Whether *e* means that the account was refused.
bool refuses_account(const service_error& e);

/// The code of a chat whose previous reply had branches, none of which was chosen.
inline constexpr std::string_view choice_not_taken = "chat_choice_shown";

/// The model that serves where the service cannot say which it has.
inline constexpr std::string_view default_model = "Orange Cat";

/// What clients call an upstream model: `mihoyo-` and the name in lower case with `_` for spaces.
std::string public_model_id(std::string_view upstream_name);

} // namespace nekod::anuneko
