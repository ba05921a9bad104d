#include "bench/simulator/completion.hpp"

#include "bench/simulator/json_object.hpp"
#include "protocol/text/json.hpp"
#include "protocol/text/json_strings.hpp"
#include "protocol/text/sse.hpp"

#include <algorithm>
#include <utility>

namespace nekod::sim {

namespace {

/// The events of one call: its name, then two pieces of its arguments.
constexpr std::size_t steps_a_tool = 3;

constexpr std::uint32_t max_choices = 16;

/// The text of a message, whatever form its content has.
std::string text_of(const json::value& message) {
  std::string text;
  const auto* content = json::find(message, "content");
  if (content == nullptr)
    return text;
  if (content->IsString())
    return std::string{json::text_of(*content)};
  if (content->IsArray())
    for (const auto& part : content->GetArray())
      text += json::find_string(part, "text").value_or(std::string_view{});
  return text;
}

bool flag_of(const json::value& object, std::string_view name) {
  const auto* v = json::find(object, name);
  return v != nullptr && v->IsTrue();
}

std::string name_of_first_tool(const json::value& body, std::string name) {
  const auto* tools = json::find(body, "tools");
  if (tools == nullptr || !tools->IsArray() || tools->Empty())
    return name;
  const auto* function = json::find((*tools)[0], "function");
  if (function == nullptr)
    return name;
  return std::string{json::find_string(*function, "name").value_or(name)};
}

std::string as_json(std::string_view text) {
  std::string out;
  json::append_quoted(out, text);
  return out;
}

} // namespace

result<completion_request, std::string> parse_completion(std::string_view body) {
  const auto doc = json::parse(body);
  if (!doc || !doc.root.IsObject())
    return std::string{"the body must be a JSON object"};
  const auto* messages = json::find(doc.root, "messages");
  if (messages == nullptr || !messages->IsArray() || messages->Empty())
    return std::string{"`messages` must be an array of at least one"};
  completion_request r;
  r.model = json::find_string(doc.root, "model").value_or(std::string_view{});
  r.stream = flag_of(doc.root, "stream");
  r.logprobs = flag_of(doc.root, "logprobs");
  r.messages = messages->Size();
  if (const auto* o = json::find(doc.root, "stream_options"))
    r.include_usage = flag_of(*o, "include_usage");
  if (const auto* n = json::find(doc.root, "n"); n != nullptr && n->IsUint() && n->GetUint() > 0)
    r.choices = std::min(n->GetUint(), max_choices);
  r.tool = name_of_first_tool(doc.root, r.tool);
  r.prompt = split_directive(text_of((*messages)[messages->Size() - 1]));
  return r;
}

completion::completion(completion_request r, std::uint64_t number, const options& o,
                       const std::optional<fault>& f)
    : request_(std::move(r)),
      number_(number),
      reasoning_("Let me think about cats."),
      text_(tell_story({request_.prompt.text, request_.model, request_.messages, 0}),
            request_.prompt.wishes.tokens.value_or(o.tokens)),
      reasoning_pieces_(
          std::min<std::size_t>(request_.prompt.wishes.reasoning.value_or(0), reasoning_.size())),
      tools_(request_.prompt.wishes.tools.value_or(0)),
      without_finish_(f && f->kind == fault_kind::no_finish),
      without_done_(f && f->kind == fault_kind::no_done) {}

/// The events of one choice: its role, its content, its finish reason.
std::size_t completion::steps() const noexcept {
  const auto said = tools_ > 0 ? tools_ * steps_a_tool : text_.size();
  return 1 + reasoning_pieces_ + said + (without_finish_ ? 0 : 1);
}

std::size_t completion::size() const noexcept {
  return steps() * request_.choices + (request_.include_usage ? 1 : 0) + (without_done_ ? 0 : 1);
}

std::string completion::head(std::string_view object) const {
  return R"({"id":"chatcmpl-sim-)" + std::to_string(number_) + R"(","object":")" +
         std::string{object} + R"(","created":1700000000,"model":)" + as_json(request_.model) +
         R"(,"system_fingerprint":"fp_sim")";
}

void completion::append(std::size_t i, std::string& out) const {
  const auto chunks = steps() * request_.choices;
  if (i > chunks || (i == chunks && !request_.include_usage))
    return sse::append_event(out, "[DONE]");
  auto chunk = head("chat.completion.chunk");
  if (i == chunks)
    return sse::append_event(out, chunk + R"(,"choices":[],"usage":)" + usage() + "}");
  const auto step = i / request_.choices;
  const auto last = step + 1 == steps() && !without_finish_;
  chunk += R"(,"choices":[{"index":)" + std::to_string(i % request_.choices);
  chunk += R"(,"delta":)" + (last ? "{}" : delta(step));
  if (request_.logprobs && !last)
    chunk += R"(,"logprobs":)" + logprobs_of("miaow");
  chunk += R"(,"finish_reason":)" + (last ? as_json(finish_reason()) : "null") + "}]";
  chunk += request_.include_usage ? R"(,"usage":null})" : "}";
  sse::append_event(out, chunk);
}

std::string completion::delta(std::size_t step) const {
  if (step == 0)
    return R"({"role":"assistant","content":)" + std::string{tools_ > 0 ? "null" : R"("")"} + "}";
  step -= 1;
  if (step < reasoning_pieces_)
    return json_object{}.text("reasoning_content", reasoning_.piece(step)).take();
  step -= reasoning_pieces_;
  return tools_ > 0 ? tool_delta(step) : json_object{}.text("content", text_.piece(step)).take();
}

std::string completion::tool_delta(std::size_t step) const {
  const auto call = step / steps_a_tool;
  const auto part = step % steps_a_tool;
  const auto all = arguments();
  json_object out;
  out.number("index", call);
  if (part == 0)
    out.text("id", tool_call_id(call))
        .text("type", "function")
        .raw("function", json_object{}.text("name", request_.tool).text("arguments", "").take());
  else
    out.raw("function",
            json_object{}.text("arguments", part == 1 ? all.substr(0, 6) : all.substr(6)).take());
  return R"({"tool_calls":[)" + out.take() + "]}";
}

std::string completion::tool_call_id(std::size_t call) const {
  return "call_" + std::to_string(number_) + "_" + std::to_string(call);
}

std::string completion::arguments() const {
  return json_object{}.number("messages", request_.messages).take();
}

std::string_view completion::finish_reason() const noexcept {
  const auto& wish = request_.prompt.wishes.finish;
  if (wish)
    return *wish;
  return tools_ > 0 ? "tool_calls" : "stop";
}

std::string completion::logprobs_of(std::string_view token) const {
  return R"({"content":[{"token":)" + as_json(token) +
         R"(,"logprob":-0.25,"bytes":null,"top_logprobs":[]}],"refusal":null})";
}

/// A message counts as one token, and so does a piece of the answer.
std::string completion::usage() const {
  const auto said = (steps() - 1) * request_.choices;
  return json_object{}
      .number("prompt_tokens", request_.messages)
      .number("completion_tokens", said)
      .number("total_tokens", request_.messages + said)
      .take();
}

std::string completion::choice(std::size_t index) const {
  json_object message;
  message.text("role", "assistant");
  if (tools_ > 0)
    message.raw("content", "null");
  else
    message.text("content", text_.text(text_.size()));
  message.raw("refusal", "null");
  if (reasoning_pieces_ > 0)
    message.text("reasoning_content", reasoning_.text(reasoning_pieces_));
  std::string calls = "[";
  for (std::size_t i = 0; i < tools_; ++i)
    append_item(
        calls,
        json_object{}
            .text("id", tool_call_id(i))
            .text("type", "function")
            .raw("function",
                 json_object{}.text("name", request_.tool).text("arguments", arguments()).take())
            .take());
  if (tools_ > 0)
    message.raw("tool_calls", calls + ']');
  return json_object{}
      .number("index", index)
      .raw("message", message.take())
      .raw("logprobs", request_.logprobs ? logprobs_of("miaow") : "null")
      .raw("finish_reason", without_finish_ ? "null" : as_json(finish_reason()))
      .take();
}

std::string completion::whole() const {
  std::string choices = "[";
  for (std::size_t i = 0; i < request_.choices; ++i)
    append_item(choices, choice(i));
  return head("chat.completion") + R"(,"choices":)" + choices + R"(],"usage":)" + usage() + "}";
}

} // namespace nekod::sim
