#include "protocol/openai/responses/event_stream.hpp"

#include "protocol/openai/errors.hpp"

#include <utility>

namespace nekod::openai::responses {

event_stream::event_stream(response_head head, tool_bridge bridge, const stream_options& options)
    : head_(std::move(head)),
      background_(options.background),
      writer_(options.after),
      items_(head_.id, options.reasoning, std::move(bridge), &writer_) {}

/// An event with the response as it is.
void event_stream::response_event(std::string_view type, std::string& out) {
  if (!writer_.begin_event(type))
    return;
  out += R"(,"response":)";
  append_response(out, head_, result_);
  writer_.end_event();
}

void event_stream::begin(std::string& out) {
  writer_.write_to(out);
  if (background_)
    result_.status = response_status::queued;
  response_event("response.created", out);
  if (background_)
    response_event("response.queued", out);
}

void event_stream::start(std::string& out) {
  writer_.write_to(out);
  result_.status = response_status::in_progress;
  response_event("response.in_progress", out);
}

void event_stream::piece(std::string& out, deltas::form form, std::string_view text) {
  writer_.write_to(out);
  items_.take(form, text);
}

std::size_t event_stream::frame() const noexcept {
  // Before the first text: about what an event of it has.
  constexpr std::size_t usual = 256;
  const auto open = writer_.frame();
  return open == 0 ? usual : open;
}

void event_stream::end(std::string& out, const chat::answer_end& end, std::int64_t now) {
  writer_.write_to(out);
  items_.end(end);
  result_ = items_.take_result(now);
  response_event(result_.status == response_status::completed ? "response.completed"
                                                              : "response.incomplete",
                 out);
  writer_.done();
}

void event_stream::fail(std::string& out, const chat::failure& reason, language lang) {
  writer_.write_to(out);
  items_.break_off();
  result_.status = response_status::failed;
  result_.output = items_.take_items();
  result_.error = error_of(reason, lang);
  if (writer_.begin_event("error")) {
    // `{"error":{...}}` without its braces.
    const auto error = openai::to_json(reason, lang);
    out.append(",").append(error, 1, error.size() - 2);
    writer_.end_event();
  }
  response_event("response.failed", out);
  writer_.done();
}

void event_stream::cancel(std::string& out) {
  writer_.write_to(out);
  items_.break_off();
  result_.status = response_status::cancelled;
  result_.output = items_.take_items();
  writer_.done();
}

} // namespace nekod::openai::responses
