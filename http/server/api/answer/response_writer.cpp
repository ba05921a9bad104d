#include "http/server/api/answer/response_writer.hpp"

#include "actors/runtime/ids.hpp"
#include "actors/runtime/unix_time.hpp"
#include "http/server/api/answer/response_form.hpp"
#include "protocol/openai/responses/event_stream.hpp"
#include "protocol/openai/responses/output_items.hpp"
#include "protocol/openai/responses/response_object.hpp"
#include "protocol/text/sse.hpp"

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace nekod::http {

namespace {

namespace responses = openai::responses;
using responses::response_head;

/// Some clients take comments for silence, and give up after minutes.
constexpr std::chrono::minutes silence_for_event{1};

response_head introduced(response_head head, const answer_head& from) {
  return filled(std::move(head), from.id, from.created, from.model, from.session_id);
}

/// The field of the client's request from which that of a chat was made; empty if it is the same.
std::string_view origin_of(std::string_view param) {
  constexpr std::pair<std::string_view, std::string_view> fields[]{
      {"messages", "input"},
      {"max_completion_tokens", "max_output_tokens"},
      {"max_tokens", "max_output_tokens"},
      {"response_format", "text.format"},
      {"reasoning_effort", "reasoning.effort"},
      {"verbosity", "text.verbosity"},
  };
  const auto field = param.substr(0, param.find_first_of(".["));
  for (const auto& [ours, theirs] : fields)
    if (field == ours)
      return theirs;
  return {};
}

/// A conversation that is busy has an error of its own. An upstream complains about fields of a
/// chat, which the client did not write.
chat::failure told_of(const response_head& head, const chat::failure& reason) {
  if (!head.conversation.empty() && reason.code == chat::failure_code::session_busy)
    return {chat::failure_code::conversation_locked, "conversation", head.conversation};
  const auto origin = reason.foreign ? origin_of(reason.foreign->param) : std::string_view{};
  if (origin.empty())
    return reason;
  auto words = std::make_shared<chat::foreign_words>(*reason.foreign);
  words->param = origin;
  auto told = reason;
  told.foreign = std::move(words);
  return told;
}

class response_events : public answer_writer {
public:
  response_events(const responses::create_request& asked, std::string model)
      : template_(head_of(asked)), bridge_(asked.bridge) {
    template_.model = std::move(model);
    options_.reasoning = reasoning_of(asked);
  }

  response_events(const responses::create_request& asked, const early_stream& what)
      : response_events(asked, asked.model) {
    at_once_ = true;
    options_.after = what.after;
    options_.background = what.identity.has_value();
    if (what.identity)
      open(filled(template_, what.identity->id, what.identity->created, template_.model, {}));
  }

  bool streams() const noexcept override { return true; }
  const char* content_type() const noexcept override { return "text/event-stream"; }
  std::string_view id_prefix() const noexcept override { return response_prefix; }
  bool begins_at_once() const noexcept override { return at_once_; }

  void prelude(std::string& out) override {
    if (stream_)
      stream_->begin(out);
  }

  void introduce(const answer_head& head) override {
    if (!stream_)
      return open(introduced(template_, head));
    stream_->answered_by(head.model);
    stream_->in_session(head.session_id);
  }

  void begin(std::string& out) override {
    if (!options_.background)
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
    stream_->end(out, end, end.committed_at);
  }

  void failure(std::string& out, const chat::failure& reason, language lang) override {
    if (!stream_) {
      auto head = template_;
      head.id = make_id(response_prefix);
      head.created_at = unix_time();
      open(std::move(head));
      begin(out);
    }
    if (reason.code == chat::failure_code::cancelled)
      stream_->cancel(out);
    else
      stream_->fail(out, reason, lang);
  }

  chat::failure told(const chat::failure& reason) const override {
    return told_of(template_, reason);
  }

  std::string whole(std::string_view, const chat::answer_end&) override { return {}; }

private:
  void open(response_head head) { stream_.emplace(std::move(head), bridge_, options_); }

  response_head template_;
  responses::tool_bridge bridge_;
  responses::stream_options options_;
  bool at_once_ = false;
  std::optional<responses::event_stream> stream_;
};

class response_whole : public answer_writer {
public:
  explicit response_whole(const responses::create_request& asked)
      : head_(head_of(asked)), bridge_(asked.bridge), reasoning_(reasoning_of(asked)) {}

  bool streams() const noexcept override { return false; }
  const char* content_type() const noexcept override { return "application/json"; }
  std::string_view id_prefix() const noexcept override { return response_prefix; }
  void introduce(const answer_head& head) override { head_ = introduced(std::move(head_), head); }

  std::string whole(std::string_view text, const chat::answer_end& end) override {
    responses::output_items items{head_.id, reasoning_, bridge_};
    if (!text.empty())
      items.take(deltas::form::text, text);
    items.end(end);
    std::string out;
    append_response(out, head_, items.take_result(end.committed_at));
    return out;
  }

  chat::failure told(const chat::failure& reason) const override { return told_of(head_, reason); }

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

std::unique_ptr<answer_writer> make_early_writer(const responses::create_request& asked,
                                                 const early_stream& what) {
  return std::make_unique<response_events>(asked, what);
}

} // namespace nekod::http
