#include "actors/session/conversation/chat_memory.hpp"

#include "actors/session/answer_log.hpp"
#include "actors/session/conversation/transcript.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

namespace nekod {

namespace {

using chat::message;
using messages = std::vector<message>;

/// The messages of *all* from *begin* to *end* that a chat of plain text can be told.
messages texts_in(const messages& all, std::size_t begin, std::size_t end) {
  messages result;
  for (auto i = begin; i < end; ++i)
    if (!all[i].text.empty() && chat::says_something(all[i]))
      result.push_back(all[i]);
  return result;
}

messages::const_iterator body_of(const messages& all) {
  return std::find_if_not(all.begin(), all.end(), chat::instructs);
}

/// The digest of the prompt that *transcript* begins with.
std::string prompt_in(const conversation_digest& digest, const messages& transcript) {
  return digest.of(messages(transcript.begin(), body_of(transcript)));
}

} // namespace

chat_memory::chat_memory(std::shared_ptr<const conversation_digest> digest,
                         conversation_state state)
    : digest_(std::move(digest)), now_(std::move(state)) {
  if (!now_.prompt && !now_.transcript.empty())
    now_.prompt = prompt_in(*digest_, now_.transcript);
}

result<upstream_turn, chat::failure> chat_memory::begin(const chat::request& r,
                                                        const request_digests& digests, found how) {
  const auto layout = chat::layout_of(r.messages);
  const auto& all = r.messages;
  fresh_ = texts_in(all, layout.fresh, all.size());
  text_ = said_together(fresh_);
  const auto ends_in_answer = layout.prefill < all.size();
  prefill_ = ends_in_answer && !r.made_of_items ? all[layout.prefill].text : std::string{};
  if (!prefill_.empty() && !fresh_.empty())
    fresh_.pop_back();
  const auto before = texts_in(all, layout.instructions, layout.fresh);
  const auto known = now_.tip.is_told_by(digests.before);
  const auto adds = how == found::by_id;
  const auto follows =
      adds || (how == found::by_name && (!layout.tells_conversation || ends_with(before)));
  begins_new_chat_ = needs_new_chat_ || !(known || (follows && !replaces_prompt(digests)));
  if (follows && (adds || !known))
    follow(r, layout, digests);
  else
    replace(r, layout, digests); // Of a known conversation the client told the same words, and all.
  if (ends_in_answer && r.made_of_items)
    asked_ = asked_.after(all[layout.prefill], *digest_);
  upstream_turn told;
  told.text = text_;
  if (adds && !before.empty()) {
    before_.insert(before_.end(), before.begin(), before.end());
    asked_ = conversation_tip::unrecognisable();
    begins_new_chat_ = true;
  }
  told.new_chat = begins_new_chat_;
  return told;
}

/// Puts the session's conversation before the new part, under the request's prompt if it has one.
void chat_memory::follow(const chat::request& r, const chat::message_layout& layout,
                         const request_digests& digests) {
  const auto& old = now_.transcript;
  const auto has_prompt = !digests.prompt.empty();
  before_ = has_prompt ? texts_in(r.messages, 0, layout.instructions)
                       : messages(old.begin(), body_of(old));
  before_.insert(before_.end(), body_of(old), old.end());
  prompt_ = has_prompt ? digests.prompt : now_.prompt;
  asked_ = now_.tip;
  if (replaces_prompt(digests)) {
    const auto is_whole = now_.tip.is_told_by(digest_->of(old));
    asked_ =
        is_whole ? conversation_tip::of(digest_->of(before_)) : conversation_tip::unrecognisable();
  }
  for (auto i = layout.fresh; i < layout.prefill; ++i)
    asked_ = asked_.after(r.messages[i], *digest_);
}

/// Puts the client's own messages before its new part, and nothing else.
void chat_memory::replace(const chat::request& r, const chat::message_layout& layout,
                          const request_digests& digests) {
  before_ = texts_in(r.messages, 0, layout.fresh);
  prompt_ = digests.prompt;
  asked_ = conversation_tip::of(digests.asked);
}

/// Whether the conversation, without its prompt, ends with these messages. False for no messages,
/// and if it begins with them, too, as it may where words repeat: then its end is undone.
bool chat_memory::ends_with(const messages& conversation) const {
  const auto body = body_of(now_.transcript);
  const auto count = static_cast<std::ptrdiff_t>(conversation.size());
  const auto all = std::distance(body, now_.transcript.end());
  const auto is_at = [&](messages::const_iterator place) {
    return std::equal(conversation.begin(), conversation.end(), place, chat::say_the_same);
  };
  return count > 0 && all >= count && is_at(now_.transcript.end() - count) &&
         (all == count || !is_at(body));
}

/// Whether the request has a prompt other than the one that the chat was told.
bool chat_memory::replaces_prompt(const request_digests& digests) const {
  return !digests.prompt.empty() && now_.prompt && *now_.prompt != digests.prompt;
}

std::string chat_memory::seeded_text() const { return with_preamble(before_, text_); }

std::size_t chat_memory::times_said() const {
  const auto said = [this](const message& m) {
    return m.speaker == chat::role::user && m.text == text_;
  };
  return static_cast<std::size_t>(
      std::count_if(now_.transcript.begin(), now_.transcript.end(), said));
}

void chat_memory::answered(chat::message said) {
  needs_new_chat_ = false;
  const auto is_whole = said.text.size() < max_rereadable_bytes;
  const auto text = openai::with_prefill(prefill_, said.text);
  auto tip = is_whole ? asked_.after({chat::role::assistant, text}, *digest_)
                      : conversation_tip::unrecognisable();
  said.text = text;
  earlier_ = remember(std::move(said), std::move(tip));
}

bool chat_memory::broken_off(std::string_view text, bool heard) {
  if (!text.empty())
    remember({chat::role::assistant, openai::with_prefill(prefill_, text)},
             conversation_tip::unrecognisable());
  if (heard)
    now_.tip = conversation_tip::unrecognisable();
  needs_new_chat_ = begins_new_chat_ && heard && text.empty();
  return true;
}

/// Makes the turn part of the conversation.
/// @returns what was before.
conversation_state chat_memory::remember(message answer, conversation_tip tip) {
  auto all = std::move(before_);
  for (auto& m : fresh_)
    append(all, std::move(m));
  append(all, std::move(answer));
  keep_newest(all);
  const auto stored = common_beginning(std::span{now_.transcript}.first(now_.stored), all);
  return std::exchange(now_, {std::move(all), std::move(tip), std::move(prompt_), stored});
}

void chat_memory::commit_failed() {
  now_ = std::exchange(earlier_, {});
  now_.stored = 0;
  needs_new_chat_ = true;
}

conversation_changes chat_memory::take_changes() {
  const auto& all = now_.transcript;
  conversation_changes result;
  result.messages = {now_.stored,
                     {all.begin() + static_cast<std::ptrdiff_t>(now_.stored), all.end()}};
  now_.stored = all.size();
  result.tip = now_.tip;
  result.prompt = now_.prompt;
  result.chat_goes_on = !needs_new_chat_;
  return result;
}

std::optional<chat::failure> chat_memory::change(const change_messages& f) {
  auto changed = f(now_.transcript);
  if (!changed)
    return changed.error();
  now_.stored = common_beginning(std::span{now_.transcript}.first(now_.stored), *changed);
  now_.transcript = *std::move(changed);
  now_.tip = now_.transcript.empty() ? conversation_tip{} : conversation_tip::unrecognisable();
  needs_new_chat_ = true;
  return std::nullopt;
}

conversation_state chat_memory::take() { return std::exchange(now_, {}); }

} // namespace nekod
