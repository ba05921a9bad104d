#include "http/server/api/answer/openai_response_recorder.hpp"

#include "http/server/api/answer/response_form.hpp"
#include "protocol/openai/responses/output_items.hpp"
#include "protocol/openai/responses/response_object.hpp"

#include <string_view>
#include <utility>

namespace nekod::http {

namespace responses = openai::responses;
using responses::response_head;
using responses::response_result;
using responses::response_status;

namespace {

/// The items of the pieces so far.
responses::output_items items_of(const responses::create_request& asked, const std::string& id,
                                 const answer_log& answer) {
  responses::output_items items{id, reasoning_of(asked), asked.bridge};
  const auto pieces = answer.pieces();
  pieces.for_each([&](std::string_view piece) { items.take(pieces.what, piece); });
  return items;
}

/// A turn that has not begun has no session yet, and the model that the client named.
response_head head_before_end(const responses::create_request& asked, const unanswered& u) {
  return filled(head_of(asked), u.identity.id, u.identity.created, u.answer ? u.model : asked.model,
                u.session_id);
}

response_result broken_result(const responses::create_request& asked, const std::string& id,
                              const unanswered& u, const chat::failure& reason, language lang) {
  response_result result;
  if (u.answer) {
    auto items = items_of(asked, id, *u.answer);
    items.break_off();
    result.output = items.take_items();
  }
  result.status = response_status::cancelled;
  if (reason.code != chat::failure_code::cancelled) {
    result.status = response_status::failed;
    result.error = responses::error_of(reason, lang);
  }
  return result;
}

} // namespace

openai_response_recorder::openai_response_recorder(
    std::shared_ptr<const responses::create_request> asked, std::vector<responses::item> input,
    std::chrono::seconds age, language lang)
    : asked_(std::move(asked)), input_(std::move(input)), age_(age), lang_(lang) {}

response_record openai_response_recorder::record_of(const response_head& head, std::string tenant,
                                                    const response_result& result) const {
  response_record r;
  r.id = head.id;
  r.tenant = std::move(tenant);
  r.session = head.session_id;
  r.parent = asked_->previous_response_id;
  append_response(r.object, head, result);
  // Only here, since the answers of many requests are not kept at all.
  r.input.reserve(input_.size());
  for (const auto& i : input_)
    r.input.emplace_back(i.id, to_json(i));
  for (const auto& i : result.output)
    r.output.emplace_back(i.id, i.json);
  r.created_at = std::chrono::system_clock::time_point{std::chrono::seconds{head.created_at}};
  if (age_.count() > 0)
    r.expires_at = r.created_at + age_;
  r.deleted = deleted_;
  return r;
}

response_record openai_response_recorder::ended(const answered& a) const {
  const auto& identity = a.answer.identity();
  const auto head = filled(head_of(*asked_), identity.id, identity.created, a.model, a.session_id);
  auto items = items_of(*asked_, head.id, a.answer);
  items.end(a.end);
  auto r = record_of(head, a.tenant, items.take_result(a.end.committed_at));
  r.state = response_state::chainable;
  return r;
}

response_record openai_response_recorder::unfinished(const unanswered& u) const {
  const auto head = head_before_end(*asked_, u);
  response_result result;
  result.status = u.answer ? response_status::in_progress : response_status::queued;
  auto r = record_of(head, u.tenant, result);
  const chat::failure interrupted{
      chat::failure_code::internal_error, {}, "nekod ended before the response did"};
  append_response(r.if_interrupted, head, broken_result(*asked_, head.id, u, interrupted, lang_));
  return r;
}

response_record openai_response_recorder::broken_off(const unanswered& u,
                                                     const chat::failure& reason) const {
  const auto head = head_before_end(*asked_, u);
  auto r = record_of(head, u.tenant, broken_result(*asked_, head.id, u, reason, lang_));
  r.state = response_state::closed;
  return r;
}

} // namespace nekod::http
