#include "actors/whole_conversation.hpp"

#include "protocol/openai/transcript_json.hpp"
#include "protocol/openai/whole_messages.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace nekod {

namespace {

using openai::error;
using openai::error_code;
using openai::message;
using messages = std::vector<message>;

bool instructs(const message& m) {
  return m.speaker == openai::role::system || m.speaker == openai::role::developer;
}

std::size_t instructions_in(const messages& all) {
  return static_cast<std::size_t>(std::find_if_not(all.begin(), all.end(), instructs) -
                                  all.begin());
}

/// The places, from *begin* on, of messages that say something.
std::vector<std::size_t> spoken(const messages& all, std::size_t begin) {
  std::vector<std::size_t> places;
  for (auto i = begin; i < all.size(); ++i)
    if (openai::says_something(all[i]))
      places.push_back(i);
  return places;
}

/// How many of the *told* messages, from their first on, *kept* ends with: the most there are, or
/// but for all of them. Takes a time that grows with the number of messages only (Knuth, Morris,
/// Pratt).
template <class Same>
std::size_t overlap(std::size_t kept, std::size_t told, bool may_be_all, Same same) {
  // For each start of *told*: how long the longest start of it is that it ends with.
  std::vector<std::size_t> border(told + 1, 0);
  auto advance = [&](std::size_t length, auto matches) {
    while (length > 0 && (length == told || !matches(length)))
      length = border[length];
    return length < told && matches(length) ? length + 1 : length;
  };
  for (std::size_t i = 1; i < told; ++i)
    border[i + 1] = advance(border[i], [&](std::size_t n) { return same.told(n, i); });
  std::size_t length = 0;
  for (std::size_t i = 0; i < kept; ++i)
    length = advance(length, [&](std::size_t n) { return same.kept(n, i); });
  return length == told && !may_be_all ? border[length] : length;
}

struct same_message {
  bool told(std::size_t a, std::size_t b) const {
    return openai::say_the_same(request[new_places[a]], request[new_places[b]]);
  }
  bool kept(std::size_t a, std::size_t b) const {
    return openai::say_the_same(request[new_places[a]], before[old_places[b]]);
  }

  const messages& before;
  const messages& request;
  std::vector<std::size_t> old_places;
  std::vector<std::size_t> new_places;
};

/// How many messages of a request's, behind its instructions, *before* ends with.
std::size_t told_again(const messages& before, const messages& request, std::size_t instructions) {
  same_message same{before, request, spoken(before, instructions_in(before)),
                    spoken(request, instructions)};
  if (same.new_places.empty())
    return 0;
  // Behind an answer that said nothing, who says the same words once more wants another.
  const auto ends_with_answer = request[same.new_places.back()].speaker == openai::role::assistant;
  const auto again =
      overlap(same.old_places.size(), same.new_places.size(), ends_with_answer, same);
  if (again == 0)
    return 0;
  // What says nothing in between was told, too.
  const auto end =
      again < same.new_places.size() ? same.new_places[again] : same.new_places.back() + 1;
  return end - instructions;
}

bool has_answer(const messages& all) {
  return std::any_of(all.begin(), all.end(), [](const message& m) {
    return m.speaker == openai::role::assistant && openai::says_something(m);
  });
}

error too_long(std::size_t limit, const char* of) {
  return {error_code::context_length_exceeded,
          {},
          "at most " + std::to_string(limit) + " " + of + " are kept of a conversation"};
}

} // namespace

result<std::string, error> whole_conversation::begin(const openai::chat_request& r, bool named) {
  const auto instructions = instructions_in(r.messages);
  const auto again = named ? told_again(kept_, r.messages, instructions) : 0;
  const auto goes_on = named && (again > 0 || !has_answer(r.messages));
  const auto spans = openai::message_spans(r);
  auto tell = [&](std::size_t from, std::size_t to) {
    for (auto i = from; i < to; ++i)
      next_.push_back(openai::kept_message(r.messages[i], spans[i]));
  };
  const auto body = kept_.begin() + static_cast<std::ptrdiff_t>(instructions_in(kept_));
  next_.clear();
  tell(0, instructions);
  if (named && instructions == 0)
    next_.assign(kept_.begin(), body);
  if (goes_on)
    next_.insert(next_.end(), body, kept_.end());
  const auto from_before = next_.size() > instructions;
  tell(instructions + again, r.messages.size());
  if (next_.size() > limits_.messages)
    return too_long(limits_.messages, "messages");
  // What the request tells alone goes on in its bytes.
  auto told = from_before ? openai::transcript_json(next_) : std::string{openai::messages_span(r)};
  if (told.size() > limits_.bytes)
    return too_long(limits_.bytes, "bytes");
  return told;
}

} // namespace nekod
