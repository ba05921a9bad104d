#include "protocol/openai/chat/response.hpp"

#include "protocol/text/json_strings.hpp"
#include "protocol/text/sse.hpp"

namespace nekod::openai {
namespace {

/// The first members of every answer.
std::string opening(const completion_head& head, std::string_view object) {
  std::string out = R"({"id":)";
  json::append_quoted(out, head.id);
  out += R"(,"object":)";
  json::append_quoted(out, object);
  out += R"(,"created":)" + std::to_string(head.created);
  out += R"(,"model":)";
  json::append_quoted(out, head.model);
  out += R"(,"session_id":)";
  json::append_quoted(out, head.session_id);
  out += ',';
  return out;
}

constexpr std::string_view choices_begin = R"("choices":[)";
constexpr std::string_view content_name = R"("content":)";
/// From the end of a chunk's members to the end of the event.
constexpr std::string_view after_members = "}\n\n";

} // namespace

void append_choice(std::string& out, std::size_t index, std::string_view text,
                   chat::finish_reason reason) {
  out += R"({"index":)" + std::to_string(index);
  out += R"(,"message":{"role":"assistant","content":)";
  json::append_quoted(out, text);
  out += R"(,"refusal":null},"logprobs":null,"finish_reason":)";
  json::append_quoted(out, name_of(reason));
  out += '}';
}

void append_usage(std::string& out, const chat::usage& tokens) {
  out += R"("usage":{"prompt_tokens":)" + std::to_string(tokens.prompt_tokens);
  out += R"(,"completion_tokens":)" + std::to_string(tokens.completion_tokens);
  out += R"(,"total_tokens":)" + std::to_string(tokens.prompt_tokens + tokens.completion_tokens);
  out += '}';
}

std::string completion(const completion_head& head, std::string_view text,
                       chat::finish_reason reason, const chat::usage& tokens) {
  auto out = opening(head, "chat.completion");
  out += choices_begin;
  append_choice(out, 0, text, reason);
  out += "],";
  append_usage(out, tokens);
  out += '}';
  return out;
}

std::string completion(const completion_head& head, std::string_view members) {
  auto out = opening(head, "chat.completion");
  out += members;
  out += '}';
  return out;
}

chunk_writer::chunk_writer(const completion_head& head, bool include_usage)
    : before_members_("data: " + opening(head, "chat.completion.chunk")),
      before_choices_(before_members_ + std::string{choices_begin}),
      before_delta_(before_choices_ + R"({"index":0,"delta":{)"),
      after_choices_(include_usage ? "],\"usage\":null}\n\n" : "]}\n\n"),
      after_delta_(R"(},"finish_reason":null})" + after_choices_) {}

void chunk_writer::role(std::string& out, std::size_t index) const {
  out += before_choices_;
  out += R"({"index":)" + std::to_string(index) + R"(,"delta":{)";
  out += R"("role":"assistant","content":"")";
  out += after_delta_;
}

void chunk_writer::content(std::string& out, std::string_view piece) const {
  out += before_delta_;
  out += content_name;
  json::append_quoted(out, piece);
  out += after_delta_;
}

void chunk_writer::members(std::string& out, std::string_view piece) const {
  out += before_members_;
  out += piece;
  out += after_members;
}

std::size_t chunk_writer::content_frame() const noexcept {
  constexpr auto quotes = 2;
  return before_delta_.size() + content_name.size() + quotes + after_delta_.size();
}

std::size_t chunk_writer::members_frame() const noexcept {
  return before_members_.size() + after_members.size();
}

void chunk_writer::finish(std::string& out, chat::finish_reason reason) const {
  out += before_delta_;
  out += R"(},"finish_reason":)";
  json::append_quoted(out, name_of(reason));
  out += '}';
  out += after_choices_;
}

void chunk_writer::usage_chunk(std::string& out, const chat::usage& tokens) const {
  out += before_choices_;
  out += "],";
  append_usage(out, tokens);
  out += after_members;
}

void chunk_writer::done(std::string& out) { sse::append_event(out, "[DONE]"); }

void chunk_writer::failure(std::string& out, const chat::failure& e, language lang) {
  sse::append_event(out, to_json(e, lang));
}

} // namespace nekod::openai
