#include "http/server/api/answer/response_writer.hpp"

#include "actors/runtime/ids.hpp"
#include "actors/runtime/unix_time.hpp"
#include "protocol/openai/responses/event_stream.hpp"
#include "protocol/openai/responses/output_items.hpp"
#include "protocol/openai/responses/response_object.hpp"
#include "protocol/text/sse.hpp"

#include <optional>
#include <string_view>
#include <utility>

namespace nekod::http {

namespace {

namespace responses = openai::responses;
using responses::response_head;

constexpr std::string_view response_prefix = "resp_";

/// Some clients take comments for silence, and give up after minutes.
constexpr std::chrono::minutes silence_for_event{1};

responses::reasoning_form reasoning_of(const responses::create_request& asked) {
  return asked.wants_summary ? responses::reasoning_form::summary : responses::reasoning_form::text;
}

/// What is known of the response before its turn began.
response_head template_of(const responses::create_request& asked) {
  response_head head;
  head.stored = false;
  head.echo = asked.echo;
  return head;
}

response_head filled(response_head head, const answer_head& from) {
  head.id = std::string{response_prefix} + from.id;
  head.created_at = from.created;
  head.model = from.model;
  head.session_id = from.session_id;
  return head;
}

class response_events : public answer_writer {
public:
  response_events(const responses::create_request& asked, std::string model)
      : template_(template_of(asked)), bridge_(asked.bridge) {
    template_.model = std::move(model);
    options_.reasoning = reasoning_of(asked);
  }

  bool streams() const noexcept override { return true; }
  const char* content_type() const noexcept override { return "text/event-stream"; }

  void introduce(const answer_head& head) override {
    if (stream_)
      stream_->answered_by(head.model);
    else
      open(filled(template_, head));
  }

  void begin(std::string& out) override {
    stream_->begin(out);
    stream_->start(out);
  }

  void piece(std::string& out, deltas::form form, std::string_view text) override {
    stream_->piece(out, form, text);
  }

  std::size_t frame(deltas::form) const noexcept override { return stream_->frame(); }

  void heartbeat(std::string& out, std::chrono::milliseconds silence) override {
    const auto as_event = stream_ && silence >= silence_for_event;
    out += as_event ? responses::keepalive_event : sse::keep_alive;
  }

  void end(std::string& out, const chat::answer_end& end) override {
    stream_->end(out, end, unix_time());
  }

  void failure(std::string& out, const chat::failure& reason, language lang) override {
    if (!stream_) {
      auto head = template_;
      head.id = make_id(response_prefix);
      head.created_at = unix_time();
      open(std::move(head));
      begin(out);
    }
    stream_->fail(out, reason, lang);
  }

  std::string whole(std::string_view, const chat::answer_end&) override { return {}; }

private:
  void open(response_head head) { stream_.emplace(std::move(head), bridge_, options_); }

  response_head template_;
  responses::tool_bridge bridge_;
  responses::stream_options options_;
  std::optional<responses::event_stream> stream_;
};

class response_whole : public answer_writer {
public:
  explicit response_whole(const responses::create_request& asked)
      : head_(template_of(asked)), bridge_(asked.bridge), reasoning_(reasoning_of(asked)) {}

  bool streams() const noexcept override { return false; }
  const char* content_type() const noexcept override { return "application/json"; }
  void introduce(const answer_head& head) override { head_ = filled(std::move(head_), head); }

  std::string whole(std::string_view text, const chat::answer_end& end) override {
    responses::output_items items{head_.id, reasoning_, bridge_};
    if (!text.empty())
      items.take(deltas::form::text, text);
    items.end(end);
    std::string out;
    append_response(out, head_, items.take_result(unix_time()));
    return out;
  }

  // A whole answer is sent at its end only, so a failure has a status of its own.
  void begin(std::string&) override {}
  void piece(std::string&, deltas::form, std::string_view) override {}
  std::size_t frame(deltas::form) const noexcept override { return 0; }
  void heartbeat(std::string&, std::chrono::milliseconds) override {}
  void end(std::string&, const chat::answer_end&) override {}
  void failure(std::string&, const chat::failure&, language) override {}

private:
  response_head head_;
  responses::tool_bridge bridge_;
  responses::reasoning_form reasoning_;
};

} // namespace

std::unique_ptr<answer_writer> make_response_writer(const responses::create_request& asked,
                                                    const std::string& model) {
  if (asked.stream)
    return std::make_unique<response_events>(asked, model);
  return std::make_unique<response_whole>(asked);
}

} // namespace nekod::http
