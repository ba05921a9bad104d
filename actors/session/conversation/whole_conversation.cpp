#include "actors/session/conversation/whole_conversation.hpp"

#include "actors/session/conversation/transcript.hpp"
#include "protocol/openai/chat/transcript_json.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

namespace nekod {

namespace {

using chat::failure_code;
using chat::message;
using messages = std::vector<message>;
using span_of_messages = std::span<const message>;

/// The place in *all* at which its end begins that says the same as *told*; nothing if it does not
/// end so, or *told* says nothing. Messages that say nothing do not count.
std::optional<std::size_t> place_of_end(span_of_messages all, span_of_messages told) {
  auto place = all.size();
  auto compared = std::size_t{0};
  for (auto m = told.rbegin(); m != told.rend(); ++m) {
    if (!chat::says_something(*m))
      continue;
    while (place > 0 && !chat::says_something(all[place - 1]))
      --place;
    if (place == 0 || !chat::say_the_same(all[place - 1], *m))
      return std::nullopt;
    --place;
    ++compared;
  }
  return compared > 0 ? std::optional{place} : std::nullopt;
}

/// Whether *all* begins with the same as *told*. Messages that say nothing do not count.
bool begins_with(span_of_messages all, span_of_messages told) {
  auto place = all.begin();
  return std::ranges::all_of(told, [&](const message& m) {
    if (!chat::says_something(m))
      return true;
    place = std::find_if(place, all.end(), chat::says_something);
    return place != all.end() && chat::say_the_same(*place++, m);
  });
}

/// The place after the last answer that is followed by words, also if that answer says nothing.
std::size_t behind_any_answer(span_of_messages all) {
  auto end = all.size();
  while (end > 0 && !chat::says_something(all[end - 1]))
    --end;
  while (end > 0 && all[end - 1].speaker != chat::role::assistant)
    --end;
  return end;
}

/// Whether the last answer said nothing, so that it looks like none.
bool ends_silent(const messages& all) { return !all.empty() && !chat::says_something(all.back()); }

chat::failure too_long(std::size_t limit, const char* of) {
  return {failure_code::conversation_too_large,
          {},
          "at most " + std::to_string(limit) + " " + of + " are kept of a conversation"};
}

/// The messages that a chat of plain text can be told.
messages texts_of(messages whole) {
  std::erase_if(whole, [](const auto& m) { return m.text.empty() || !chat::says_something(m); });
  keep_newest(whole);
  return whole;
}

} // namespace

whole_conversation::whole_conversation(std::shared_ptr<const conversation_digest> digest,
                                       conversation_limits limits, conversation_state state)
    : digest_(std::move(digest)),
      limits_(limits),
      now_(std::move(state.transcript)),
      tip_(std::move(state.tip)),
      stored_(state.stored) {}

result<upstream_turn, chat::failure>
whole_conversation::begin(const chat::request& r, const request_digests& /*digests*/, found how) {
  const auto layout = chat::layout_of(r.messages);
  auto before = how == found::by_name ? earlier_for(r, layout) : span_of_messages{};
  auto told_from = layout.instructions;
  if (how == found::by_id)
    before = span_of_messages{now_}.subspan(
        layout.instructions > 0 ? chat::layout_of(now_).instructions : 0);
  if (how == found::by_response) {
    before = own_words_for(r, layout);
    told_from = before.empty() ? told_from : layout.fresh;
  }
  const auto spans = openai::message_spans(r);
  auto tell = [&](std::size_t from, std::size_t to) {
    for (auto i = from; i < to; ++i)
      next_.push_back(openai::kept_message(r.messages[i], spans[i]));
  };
  drop_turn();
  tell(0, layout.instructions);
  adds_ = next_.empty() && !before.empty() && before.size() == now_.size();
  if (!adds_)
    next_.insert(next_.end(), before.begin(), before.end());
  tell(told_from, r.messages.size());
  prefilled_ = layout.prefill < r.messages.size();
  made_of_items_ = r.made_of_items;
  if (next_.size() + (adds_ ? now_.size() : 0) > limits_.messages) {
    drop_turn();
    return too_long(limits_.messages, "messages");
  }
  upstream_turn told;
  told.messages = told_messages(r, before.empty());
  if (told.messages.size() > limits_.bytes) {
    drop_turn();
    return too_long(limits_.bytes, "bytes");
  }
  return told;
}

/// The messages for the upstream. If the request tells the whole conversation, its own bytes go on.
std::string whole_conversation::told_messages(const chat::request& r, bool tells_all) const {
  if (tells_all)
    return std::string{openai::messages_span(r)};
  return openai::transcript_json(adds_ ? span_of_messages{now_} : span_of_messages{}, next_);
}

std::optional<std::string> whole_conversation::told_shorter(std::size_t times) const {
  const auto earlier = adds_ ? span_of_messages{now_} : span_of_messages{};
  std::vector<message> all(earlier.begin(), earlier.end());
  all.insert(all.end(), next_.begin(), next_.end());
  const auto prompt = chat::layout_of(all).instructions;
  std::vector<std::size_t> turns; // Where they begin.
  for (auto i = prompt; i < all.size(); ++i)
    if (all[i].speaker == chat::role::user && (i == prompt || all[i - 1].speaker != all[i].speaker))
      turns.push_back(i);
  // Of 8 turns the last 4, then 2, then 1.
  const auto left = times < std::numeric_limits<std::size_t>::digits ? turns.size() >> times : 0;
  if (left == 0)
    return std::nullopt;
  const span_of_messages whole{all};
  return openai::transcript_json(whole.first(prompt), whole.subspan(turns[turns.size() - left]));
}

/// The messages of the conversation that go before the request's own ones, after its prompt if it
/// has one. If the request tells a conversation, they are what was said before that; if it tells
/// another one, there are none.
std::span<const message> whole_conversation::earlier_for(const chat::request& r,
                                                         const chat::message_layout& layout) const {
  const span_of_messages all{now_};
  const auto prompt = chat::layout_of(now_).instructions;
  const auto begin = layout.instructions > 0 ? prompt : std::size_t{0};
  const auto told = span_of_messages{r.messages}.subspan(layout.instructions);
  const auto fresh =
      layout.tells_conversation ? layout.fresh - layout.instructions : behind_any_answer(told);
  const auto place = place_of_end(all.subspan(prompt), told.first(fresh));
  // The told words are also the beginning: the client undid the turns that followed it.
  if (layout.tells_conversation && place.value_or(0) > 0 &&
      begins_with(all.subspan(prompt), told.first(fresh)))
    return {};
  if (place && (layout.tells_conversation || ends_silent(now_)))
    return all.subspan(begin, prompt + *place - begin);
  return layout.tells_conversation ? span_of_messages{} : all.subspan(begin);
}

/// The session's messages without its prompt, if the request tells all of them before its new part;
/// else none.
std::span<const message>
whole_conversation::own_words_for(const chat::request& r,
                                  const chat::message_layout& layout) const {
  const auto all = span_of_messages{now_}.subspan(chat::layout_of(now_).instructions);
  const auto told = span_of_messages{r.messages}.first(layout.fresh).subspan(layout.instructions);
  return place_of_end(all, told) == 0 ? all : span_of_messages{};
}

void whole_conversation::answered(message said) {
  // Items of calls belong to the message before them; one of text is a message of its own.
  const auto joins = prefilled_ && (!made_of_items_ || (said.text.empty() && !said.more.empty()));
  while (joins && !chat::says_something(next_.back()))
    next_.pop_back();
  if (joins) {
    said = openai::with_prefill(next_.back(), std::move(said));
    next_.pop_back();
  }
  next_.push_back(std::move(said));
  next_tip_ = tip_of_next();
}

conversation_tip whole_conversation::tip_of_next() const {
  if (!adds_)
    return conversation_tip::of(digest_->of(next_));
  auto tip = tip_.is_known() ? tip_ : conversation_tip::of(digest_->of(now_));
  for (const auto& m : next_)
    tip = tip.after(m, *digest_);
  return tip;
}

bool whole_conversation::broken_off(std::string_view /*text*/, bool /*heard*/) {
  drop_turn();
  return false;
}

void whole_conversation::drop_turn() {
  next_.clear();
  next_tip_ = {};
  adds_ = false;
  prefilled_ = false;
}

conversation_changes whole_conversation::take_changes() {
  conversation_changes result;
  result.tip = next_.empty() ? tip_ : next_tip_;
  auto& changes = result.messages;
  const auto add = [&changes](span_of_messages more) {
    changes.added.insert(changes.added.end(), more.begin(), more.end());
  };
  if (next_.empty() || adds_) {
    changes.kept = stored_;
    add(span_of_messages{now_}.subspan(stored_));
    add(next_);
    stored_ = now_.size();
  } else {
    changes.kept = common_beginning(span_of_messages{now_}.first(stored_), next_);
    add(span_of_messages{next_}.subspan(changes.kept));
    // Behind them the store gets other messages than those of *now_*.
    stored_ = changes.kept;
  }
  return result;
}

void whole_conversation::committed() {
  if (adds_)
    std::ranges::move(next_, std::back_inserter(now_));
  else
    now_ = std::move(next_);
  tip_ = std::move(next_tip_);
  drop_turn();
  stored_ = now_.size();
}

std::optional<chat::failure> whole_conversation::change(const change_messages& f) {
  auto changed = f(now_);
  if (!changed)
    return changed.error();
  stored_ = common_beginning(span_of_messages{now_}.first(stored_), *changed);
  now_ = *std::move(changed);
  tip_ = now_.empty() ? conversation_tip{} : conversation_tip::of(digest_->of(now_));
  return std::nullopt;
}

conversation_state whole_conversation::take() {
  return {texts_of(std::exchange(now_, {})), std::exchange(tip_, {}), std::nullopt};
}

} // namespace nekod
