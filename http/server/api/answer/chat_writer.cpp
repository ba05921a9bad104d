#include "http/server/api/answer/chat_writer.hpp"

#include "protocol/openai/chat/response.hpp"
#include "protocol/text/sse.hpp"

#include <cstdint>
#include <optional>

namespace nekod::http {

namespace {

constexpr const char* answer_prefix = "chatcmpl-";

openai::completion_head completion_head_of(const answer_head& head) {
  return {answer_prefix + head.id, head.created, head.model, head.session_id};
}

class chat_chunks : public answer_writer {
public:
  chat_chunks(std::uint32_t choices, bool include_usage)
      : choices_(choices), include_usage_(include_usage) {}

  bool streams() const noexcept override { return true; }
  const char* content_type() const noexcept override { return "text/event-stream"; }
  std::string_view id_prefix() const noexcept override { return answer_prefix; }

  void introduce(const answer_head& head) override {
    of_text_ = head.of_text;
    chunks_.emplace(completion_head_of(head), include_usage_);
  }

  void begin(std::string& out) override {
    for (std::uint32_t i = 0; of_text_ && i < choices_; ++i)
      chunks_->role(out, i);
  }

  void piece(std::string& out, deltas::form form, std::string_view text) override {
    if (form == deltas::form::text)
      chunks_->content(out, text);
    else
      chunks_->members(out, text);
  }

  std::size_t frame(deltas::form form) const noexcept override {
    return form == deltas::form::text ? chunks_->content_frame() : chunks_->members_frame();
  }

  void heartbeat(std::string& out, std::chrono::milliseconds) override { out += sse::keep_alive; }

  void end(std::string& out, const chat::answer_end& end) override {
    if (end.rest.empty()) {
      chunks_->finish(out, end.reason);
      if (include_usage_)
        chunks_->usage_chunk(out, chat::usage{});
    }
    end.rest.for_each([&](std::string_view piece) { chunks_->members(out, piece); });
    openai::chunk_writer::done(out);
  }

  void failure(std::string& out, const chat::failure& reason, language lang) override {
    openai::chunk_writer::failure(out, reason, lang);
  }

  std::string whole(std::string_view, const chat::answer_end&) override { return {}; }

private:
  std::uint32_t choices_;
  bool include_usage_;
  bool of_text_ = true;
  std::optional<openai::chunk_writer> chunks_;
};

class chat_whole : public answer_writer {
public:
  bool streams() const noexcept override { return false; }
  const char* content_type() const noexcept override { return "application/json"; }
  std::string_view id_prefix() const noexcept override { return answer_prefix; }
  void introduce(const answer_head& head) override { head_ = completion_head_of(head); }

  std::string whole(std::string_view text, const chat::answer_end& end) override {
    return end.rest.empty() ? openai::completion(head_, text, end.reason, chat::usage{})
                            : openai::completion(head_, end.rest.text);
  }

  // A whole answer is sent at its end only, so a failure has a status of its own.
  void begin(std::string&) override {}
  void piece(std::string&, deltas::form, std::string_view) override {}
  std::size_t frame(deltas::form) const noexcept override { return 0; }
  void heartbeat(std::string&, std::chrono::milliseconds) override {}
  void end(std::string&, const chat::answer_end&) override {}
  void failure(std::string&, const chat::failure&, language) override {}

private:
  openai::completion_head head_;
};

} // namespace

std::unique_ptr<answer_writer> make_chat_writer(const chat::request& request) {
  if (request.stream)
    return std::make_unique<chat_chunks>(request.choices, request.include_usage);
  return std::make_unique<chat_whole>();
}

} // namespace nekod::http
