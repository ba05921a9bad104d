#include "bench/micro/subject.hpp"
#include "bench/micro/texts.hpp"
#include "protocol/anuneko/reply_decoder.hpp"
#include "protocol/openai/chat/request_parser.hpp"
#include "protocol/openai/chat/response.hpp"
#include "protocol/openai/upstream/answer_decoder.hpp"

#include <stdexcept>
#include <utility>

namespace nekod::micro {

namespace {

/// The bytes of one read from an upstream.
constexpr std::size_t read_size = 1400;

openai::completion_head head() {
  return {"chatcmpl-0123456789abcdefghijklmn", 1700000000, "Orange Cat",
          "1318bdc1-0001-4000-8000-000000000001"};
}

/// Feeds *bytes* in reads; all pieces of an answer must come out.
template <class Decoder>
void decode(Decoder& decoder, std::string_view bytes, deltas& out) {
  for (std::size_t i = 0; i < bytes.size(); i += read_size)
    decoder.feed(bytes.substr(i, read_size), out);
  decoder.finish(out);
  if (out.ends.size() != answer_pieces)
    throw std::logic_error{"pieces of the answer are missing"};
  keep(out);
}

step decode_anuneko(std::string stream) {
  return [stream = std::move(stream)] {
    anuneko::reply_decoder decoder;
    deltas out;
    decode(decoder, stream, out);
  };
}

step decode_openai() {
  return [stream = openai_stream()] {
    openai::answer_decoder decoder;
    deltas out{deltas::form::members};
    decode(decoder, stream, out);
    keep(decoder.said());
  };
}

step encode_text() {
  return [] {
    openai::chunk_writer writer{head(), false};
    std::string out;
    writer.role(out);
    for (std::size_t i = 0; i < answer_pieces; ++i)
      writer.content(out, piece);
    writer.finish(out, chat::finish_reason::stop);
    openai::chunk_writer::done(out);
    keep(out);
  };
}

step encode_members() {
  return [members = chunk_members()] {
    openai::chunk_writer writer{head(), false};
    std::string out;
    for (std::size_t i = 0; i < answer_pieces; ++i)
      writer.members(out, members);
    openai::chunk_writer::done(out);
    keep(out);
  };
}

step encode_whole() {
  return [text = answer_text()] {
    keep(openai::completion(head(), text, chat::finish_reason::stop, chat::usage{}));
  };
}

step parse_request() {
  return [body = request_body(10)] { keep(openai::parse_chat_request(body, most_messages)); };
}

} // namespace

std::vector<subject> codec_subjects() {
  return {{"decode/anuneko", [] { return decode_anuneko(anuneko_reply()); }},
          {"decode/anuneko_named", [] { return decode_anuneko(named_anuneko_reply()); }},
          {"decode/openai", decode_openai},
          {"decode/request", parse_request},
          {"encode/text_chunks", encode_text},
          {"encode/openai_chunks", encode_members},
          {"encode/whole", encode_whole}};
}

} // namespace nekod::micro
