#include "protocol/openai/chat/choices.hpp"

#include "protocol/openai/chat/response.hpp"
#include "protocol/text/json_strings.hpp"

#include <utility>

namespace nekod::openai {

choices::choices(const chat::request& r)
    : all_(r.choices, choice{chat::text_limiter{r.limits}, {}}),
      stream_(r.stream),
      include_usage_(r.include_usage) {}

deltas choices::take(std::size_t index, const deltas& pieces) {
  deltas text;
  all_[index].limiter.feed(pieces, text);
  return passed_on(index, std::move(text));
}

deltas choices::finish(std::size_t index, chat::finish_reason reason) {
  deltas text;
  all_[index].limiter.finish(reason, text);
  return passed_on(index, std::move(text));
}

deltas choices::passed_on(std::size_t index, deltas text) {
  if (count() == 1)
    return text;
  if (!stream_)
    waiting_bytes_ += text.text.size();
  if (!stream_ || (index == 0 && first_text().size() < max_first_bytes))
    all_[index].text += text.text;
  deltas chunks{deltas::form::members};
  if (stream_)
    text.for_each([&](std::string_view piece) { chunks.push_back(content_chunk(index, piece)); });
  return chunks;
}

chat::answer_end choices::end() const {
  if (count() == 1)
    return all_.front().limiter.ended().value_or(chat::finish_reason::stop);
  chat::answer_end end;
  if (!stream_) {
    end.rest.push_back(whole());
    return end;
  }
  for (std::size_t i = 0; i < count(); ++i)
    end.rest.push_back(last_chunk(i));
  if (include_usage_) {
    std::string chunk = R"("choices":[],)";
    append_usage(chunk, chat::usage{});
    end.rest.push_back(chunk);
  }
  return end;
}

/// The members of a chunk up to the delta of its choice.
std::string choices::opening(std::size_t index) const {
  return R"("choices":[{"index":)" + std::to_string(index) + R"(,"delta":{)";
}

/// From the end of the finish reason to the end of the members.
std::string choices::closing() const { return include_usage_ ? R"(}],"usage":null)" : "}]"; }

std::string choices::content_chunk(std::size_t index, std::string_view piece) const {
  auto chunk = opening(index) + R"("content":)";
  json::append_quoted(chunk, piece);
  return chunk + R"(},"finish_reason":null)" + closing();
}

std::string choices::last_chunk(std::size_t index) const {
  auto chunk = opening(index) + R"(},"finish_reason":)";
  json::append_quoted(chunk,
                      name_of(all_[index].limiter.ended().value_or(chat::finish_reason::stop)));
  return chunk + closing();
}

/// The members of a whole answer.
std::string choices::whole() const {
  std::string out = R"("choices":)";
  auto before = '[';
  for (std::size_t i = 0; i < count(); ++i) {
    out += std::exchange(before, ',');
    append_choice(out, i, all_[i].text,
                  all_[i].limiter.ended().value_or(chat::finish_reason::stop));
  }
  out += "],";
  append_usage(out, chat::usage{});
  return out;
}

} // namespace nekod::openai
