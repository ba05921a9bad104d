#pragma once

#include "actors/messages.hpp"
#include "actors/resumption/kept_answers.hpp"
#include "http/server/api/answer/answer_writer.hpp"
#include "http/server/api/request_context.hpp"
#include "protocol/chat/request.hpp"
#include "protocol/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// Helpers for answers whose clients come back.
namespace nekod::http {

/// Whether the client asks for a stream that it may leave and come back to: `X-Resumable: true`.
bool wants_resumable(const request& r);

/// `X-Resume-After`: how many events of the stream the client has; nothing without the field.
result<std::optional<std::uint64_t>, chat::failure> resume_after_of(const request& r);

/// Whether the client may have asked for the answer before, and come back to it.
bool may_come_back(const request& r);

/// The identity of a request by its `Idempotency-Key`; empty without one.
/// @param body As the client sent it.
std::string retry_key_of(const request_context& c, std::string_view body);

/// Answers with the events of a kept answer.
/// @param asked Of the request for the answer, as far as it is known.
/// @param begins Whether its turn is to be asked for.
void attach_reply(const request_context& c, const kept_answer_actor& whom,
                  std::shared_ptr<const chat::request> asked, std::unique_ptr<answer_writer> writer,
                  bool begins = false);

/// Asks a kept answer for its response object: shows it, or cancels it.
/// @param gone Called if it was forgotten meanwhile.
template <class Question>
void ask_for_object(const request_context& c, const kept_answer_actor& whom, Question question,
                    const std::function<void(const request_context&)>& gone) {
  // CAF's factory of actors binds a reference to nothing where there are no arguments.
  auto asking = [c, gone](caf::event_based_actor* self, const kept_answer_actor& kept, Question q) {
    self->request(kept, actor_timeout, q)
        .then([c](const std::string& object) { c.respond_json(200, object); },
              [c, gone](const caf::error&) { gone(c); });
  };
  c.api.system.spawn(std::move(asking), whom, question);
}

} // namespace nekod::http
