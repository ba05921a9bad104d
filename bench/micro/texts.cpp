#include "bench/micro/texts.hpp"

#include "protocol/openai/chat/request_parser.hpp"

#include <stdexcept>
#include <utility>

namespace nekod::micro {

namespace {

std::string event(const std::string& data) { return "data: " + data + "\n\n"; }

std::string openai_event(const std::string& choice) {
  return event(R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,)"
               R"("model":"Orange Cat",)" +
               choice + "}");
}

std::string message(std::string_view speaker, std::string_view text) {
  return std::string{R"({"role":")"} + std::string{speaker} + R"(","content":")" +
         std::string{text} + R"("})";
}

std::string user_text(std::size_t turn) {
  return "Tell me story number " + std::to_string(turn) + " of the cat that lives by the sea.";
}

std::string repeated(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < answer_pieces; ++i)
    result += text;
  return result;
}

} // namespace

std::string answer_text() { return repeated(std::string{piece}); }

std::string anuneko_reply() {
  return event(R"({"msg_id":"1318bdc1-0001-4000-8000-000000000001.2"})") +
         repeated(event(R"({"c":[{"v":")" + std::string{piece} + R"("}]})"));
}

std::string named_anuneko_reply() {
  auto named = [](const std::string& name, const std::string& data) {
    return "event: " + name + "\n" + event(data);
  };
  return named("usermsg", R"({"msg_id":"1318bdc1-0001-4000-8000-000000000001.1"})") +
         named("start", R"({"choice_num":1})") +
         repeated(named("delta", R"({"c": [{"v": ")" + std::string{piece} + R"("}]})")) +
         named("stop", R"({"finish_reason":"stop"})") +
         named("assistmsg", R"({"msg_id":"1318bdc1-0001-4000-8000-000000000001.2"})");
}

std::string chunk_members() {
  return R"("choices":[{"index":0,"delta":{"content":")" + std::string{piece} +
         R"("},"finish_reason":null}])";
}

std::string openai_stream() {
  return repeated(openai_event(chunk_members())) +
         openai_event(R"("choices":[{"index":0,"delta":{},"finish_reason":"stop"}])") +
         event("[DONE]");
}

std::string request_body(std::size_t turns, std::string_view more) {
  auto answer = answer_text();
  std::string messages;
  for (std::size_t i = 0; i < turns; ++i)
    messages += message("user", user_text(i)) + ',' + message("assistant", answer) + ',';
  messages += message("user", user_text(turns));
  return R"({"model":"Orange Cat","stream":true,"temperature":0.7,"messages":[)" + messages + ']' +
         std::string{more} + '}';
}

chat::request request_of(std::size_t turns, std::string_view more) {
  auto parsed = openai::parse_chat_request(request_body(turns, more), most_messages);
  if (!parsed)
    throw std::logic_error{"the request cannot be parsed"};
  return std::move(*parsed);
}

} // namespace nekod::micro
