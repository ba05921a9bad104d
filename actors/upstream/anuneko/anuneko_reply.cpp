#include "actors/upstream/anuneko/anuneko_reply.hpp"

#include <utility>

namespace nekod {

namespace {

chat::finish_reason reason_of(const std::string& word) {
  if (word == "length" || word == "max_tokens")
    return chat::finish_reason::length;
  if (word == "content_filter" || word == "sensitive")
    return chat::finish_reason::content_filter;
  return chat::finish_reason::stop;
}

} // namespace

anuneko_reply::anuneko_reply(std::size_t answers) {
  for (std::size_t i = 1; i < answers; ++i)
    others_.emplace_back(static_cast<int>(i));
}

void anuneko_reply::feed(std::string_view bytes, upstream_exchange& from, upstream_listener& to) {
  if (!others_.empty()) {
    count(bytes, to);
    read_all([bytes](auto& decoder, auto& out) { decoder.feed(bytes, out); }, bytes.size(), from,
             to);
    return;
  }
  deltas text;
  first_.feed(bytes, text);
  from.pass_on(std::move(text), bytes.size(), to);
}

void anuneko_reply::finish(upstream_exchange& from, upstream_listener& to) {
  if (!others_.empty()) {
    read_all([](auto& decoder, auto& out) { decoder.finish(out); }, 0, from, to);
    return;
  }
  deltas text;
  first_.finish(text);
  from.pass_on(std::move(text), 0, to);
}

/// Each answer's decoder reads the same bytes, since several answers are rarely wanted.
void anuneko_reply::read_all(const reader& read, std::size_t bytes, upstream_exchange& from,
                             upstream_listener& to) {
  std::vector<deltas> texts(1 + others_.size());
  read(first_, texts.front());
  for (std::size_t i = 0; i < others_.size(); ++i) {
    auto& [decoder, begun] = others_[i];
    read(decoder, texts[i + 1]);
    begun = begun || !texts[i + 1].empty();
  }
  from.pass_on(texts, bytes, to);
}

/// Reports the number of answers as soon as it is known.
void anuneko_reply::count(std::string_view bytes, upstream_listener& to) {
  if (branches_.count())
    return;
  branches_.feed(bytes);
  if (branches_.count())
    to.on_alternatives(*branches_.count());
}

upstream_answer anuneko_reply::end() const {
  upstream_answer result{reason_of(first_.finish_reason())};
  for (const auto& [decoder, begun] : others_)
    result.alternatives.push_back(begun || !decoder.finish_reason().empty()
                                      ? std::optional{reason_of(decoder.finish_reason())}
                                      : std::nullopt);
  return result;
}

} // namespace nekod
