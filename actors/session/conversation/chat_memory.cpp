#include "actors/session/conversation/chat_memory.hpp"

#include "actors/session/conversation/transcript.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

namespace nekod {

namespace {

using openai::message;
using messages = std::vector<message>;

/// Those of *all* from *begin* to *end* that a chat of plain text can be told.
messages texts_in(const messages& all, std::size_t begin, std::size_t end) {
  messages result;
  for (auto i = begin; i < end; ++i)
    if (!all[i].text.empty() && openai::says_something(all[i]))
      result.push_back(all[i]);
  return result;
}

messages::const_iterator body_of(const messages& all) {
  return std::find_if_not(all.begin(), all.end(), openai::instructs);
}

/// The digest of the prompt that *transcript* begins with.
std::string prompt_in(const conversation_digest& digest, const messages& transcript) {
  return digest.of(messages(transcript.begin(), body_of(transcript)));
}

} // namespace

chat_memory::chat_memory(std::shared_ptr<const conversation_digest> digest, chat_record kept,
                         std::size_t stored)
    : digest_(std::move(digest)), kept_(std::move(kept)), stored_(stored) {
  if (!kept_.prompt && !kept_.transcript.empty())
    kept_.prompt = prompt_in(*digest_, kept_.transcript);
}

bool chat_memory::begin(const openai::chat_request& r, const request_digests& digests, bool named) {
  const auto layout = openai::layout_of(r.messages);
  const auto& all = r.messages;
  fresh_ = texts_in(all, layout.fresh, all.size());
  text_ = said_together(fresh_);
  prefill_ = layout.prefill < all.size() ? all[layout.prefill].text : std::string{};
  if (!prefill_.empty() && !fresh_.empty())
    fresh_.pop_back();
  const auto before = texts_in(all, layout.instructions, layout.fresh);
  const auto known = kept_.tip && digests.before == *kept_.tip;
  const auto follows = named && (layout.tells_conversation ? ends_with(before) : true);
  begins_new_chat_ = needs_new_chat_ || !(known || (follows && !replaces_prompt(digests)));
  if (follows && !known)
    follow(r, layout, digests);
  else
    replace(r, layout, digests); // Where all is known, the client's words are the same, and whole.
  return !begins_new_chat_;
}

/// Puts the session's conversation before the new part, under the request's prompt if it has one.
void chat_memory::follow(const openai::chat_request& r, const openai::message_layout& layout,
                         const request_digests& digests) {
  const auto& old = kept_.transcript;
  const auto has_prompt = !digests.prompt.empty();
  before_ = has_prompt ? texts_in(r.messages, 0, layout.instructions)
                       : messages(old.begin(), body_of(old));
  before_.insert(before_.end(), body_of(old), old.end());
  prompt_ = has_prompt ? digests.prompt : kept_.prompt;
  asked_ = kept_.tip;
  if (replaces_prompt(digests)) {
    const auto is_whole = kept_.tip && digest_->of(old) == *kept_.tip;
    asked_ = is_whole ? std::optional{digest_->of(before_)} : std::nullopt;
  }
  for (auto i = layout.fresh; asked_ && i < layout.prefill; ++i)
    asked_ = digest_->extend(*asked_, r.messages[i]);
}

/// Puts the client's own messages before its new part, and nothing else.
void chat_memory::replace(const openai::chat_request& r, const openai::message_layout& layout,
                          const request_digests& digests) {
  before_ = texts_in(r.messages, 0, layout.fresh);
  prompt_ = digests.prompt;
  asked_ = digests.asked;
}

/// Whether the conversation, but for its prompt, ends with these messages, of which there are some.
bool chat_memory::ends_with(const messages& conversation) const {
  const auto body = body_of(kept_.transcript);
  const auto count = static_cast<std::ptrdiff_t>(conversation.size());
  return count > 0 && std::distance(body, kept_.transcript.end()) >= count &&
         std::equal(conversation.begin(), conversation.end(), kept_.transcript.end() - count,
                    openai::say_the_same);
}

/// Whether the request has a prompt other than the one that the chat was told.
bool chat_memory::replaces_prompt(const request_digests& digests) const {
  return !digests.prompt.empty() && kept_.prompt && *kept_.prompt != digests.prompt;
}

std::string chat_memory::seeded_text() const { return with_preamble(before_, text_); }

std::size_t chat_memory::times_said() const {
  const auto said = [this](const message& m) {
    return m.speaker == openai::role::user && m.text == text_;
  };
  return static_cast<std::size_t>(
      std::count_if(kept_.transcript.begin(), kept_.transcript.end(), said));
}

void chat_memory::answered(std::string_view text, bool whole) {
  needs_new_chat_ = false;
  const auto said = openai::with_prefill(prefill_, text);
  kept_.tip = asked_ && whole
                  ? std::optional{digest_->extend(*asked_, openai::role::assistant, said)}
                  : std::nullopt;
  remember(said);
}

void chat_memory::broken_off(std::string_view text, bool heard) {
  if (!text.empty())
    remember(openai::with_prefill(prefill_, text));
  if (heard || !text.empty())
    kept_.tip.reset();
  needs_new_chat_ = begins_new_chat_ && heard && text.empty();
}

void chat_memory::remember(std::string_view text) {
  auto all = std::move(before_);
  for (auto& m : fresh_)
    append(all, m.speaker, std::move(m.text));
  if (!text.empty())
    append(all, openai::role::assistant, std::string{text});
  keep_newest(all);
  stored_ = common_beginning(std::span{kept_.transcript}.first(stored_), all);
  kept_.transcript = std::move(all);
  kept_.prompt = std::move(prompt_);
}

message_changes chat_memory::take_changes() {
  const auto& all = kept_.transcript;
  message_changes result{stored_, {all.begin() + static_cast<std::ptrdiff_t>(stored_), all.end()}};
  stored_ = all.size();
  return result;
}

} // namespace nekod
