#include "bench/simulator/api.hpp"

#include "bench/simulator/answers.hpp"
#include "bench/simulator/calls.hpp"
#include "bench/simulator/conversation.hpp"
#include "bench/simulator/fault_answers.hpp"
#include "bench/simulator/field_reader.hpp"
#include "bench/simulator/views.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace nekod::sim {

namespace {

constexpr std::string_view taken = R"({"code":0,"msg":"","data":{}})";

void refuse(state& s, http::exchange& x, violation v, std::uint16_t status, std::string_view code,
            std::string_view detail) {
  v.path = x.req().path;
  s.uses.report(std::move(v));
  answer_error(x, status, code, detail);
}

bool has_model(const options& o, std::string_view name) {
  return std::find(o.models.begin(), o.models.end(), name) != o.models.end();
}

void answer_view(const options& o, http::exchange& x) {
  answer_json(x, 200, json_object{}.raw("models", json_array(o.models)).take());
}

/// Creates a chat; a request without a model, such as `{"is_chose_persona":false}`, gets the first
/// one.
void answer_chat(state& s, const options& o, http::exchange& x) {
  field_reader in{x.req().body};
  auto model = o.models.empty() ? std::string{} : o.models.front();
  in.text("model", model);
  if (!in.complaint().empty())
    return refuse(s, x, {violation_kind::bad_request, {}, {}}, 400, "bad_request", in.complaint());
  if (!has_model(o, model))
    return refuse(s, x, {violation_kind::bad_request, {}, {}}, 400, "model_not_found",
                  "there is no model " + model);
  const auto id = s.chats.open_chat(model);
  answer_json(x, 200, json_object{}.text("chat_id", id).text("model", model).take());
}

void answer_select_model(state& s, const options& o, http::exchange& x) {
  field_reader in{x.req().body};
  std::string chat_id;
  std::string model;
  in.text("chat_id", chat_id);
  in.text("model", model);
  if (!in.complaint().empty() || !has_model(o, model))
    return refuse(s, x, {violation_kind::bad_request, chat_id, {}}, 400, "bad_request",
                  "`chat_id` and a known `model` must be given");
  if (!s.chats.set_model(chat_id, model))
    return refuse(s, x, {violation_kind::unknown_chat, chat_id, {}}, 404, "chat_not_found",
                  "there is no such chat");
  answer_json(x, 200, std::string{taken});
}

void answer_messages(state& s, http::exchange& x, std::string_view chat_id) {
  std::string body;
  const auto& query = x.req().query;
  if (!s.chats.visit(chat_id, [&](const chat& c) { body = messages_json(c, query); }))
    return refuse(s, x, {violation_kind::unknown_chat, std::string{chat_id}, {}}, 404,
                  "chat_not_found", "there is no such chat");
  answer_json(x, 200, std::move(body));
}

void answer_call(const state_ptr& s, const http::exchange_ptr& x, const route& r,
                 const options& o) {
  auto f = s->faults.take(r.call, x->req().header("x-token"));
  if (f && answers_call(*f))
    return answer_fault(s, *f, x);
  switch (r.call) {
  case api_call::view:
    return answer_view(o, *x);
  case api_call::chat:
    return answer_chat(*s, o, *x);
  case api_call::select_model:
    return answer_select_model(*s, o, *x);
  case api_call::stream:
    return answer_message(s, x, r.chat_id, std::move(f));
  case api_call::select_choice:
    return answer_choice(s, x);
  case api_call::chat_list:
    return answer_json(*x, 200, chat_list_json(s->chats));
  case api_call::messages:
    return answer_messages(*s, *x, r.chat_id);
  case api_call::models:
  case api_call::completions:
  case api_call::count:
    break;
  }
}

} // namespace

void answer_api_call(const state_ptr& s, const http::exchange_ptr& x) {
  const auto o = s->options_now.now();
  const auto& path = x->req().path;
  const auto r = find_route(x->req().method, path);
  if (!r) {
    s->uses.report({violation_kind::bad_request, {}, path});
    return answer_not_found(*x);
  }
  s->uses.count(r->call);
  if (!o->takes(x->req().header("x-token")))
    return refuse(*s, *x, {violation_kind::bad_token, std::string{r->chat_id}, {}}, 401,
                  "unauthorized", "the header x-token does not name an account");
  answer_call(s, x, *r, *o);
}

} // namespace nekod::sim
