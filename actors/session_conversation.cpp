#include "actors/session.hpp"
#include "actors/transcript.hpp"
#include "protocol/openai/whole_messages.hpp"

#include <algorithm>
#include <utility>

/// What a session knows of its conversation: what the upstream is told of it, and what is kept.
namespace nekod {

namespace {

/// The messages of a request before and after its newest user message: what a new chat has to be
/// told.
std::vector<openai::message> earlier_messages(const openai::chat_request& r) {
  auto result = r.messages;
  result.erase(result.begin() + static_cast<std::ptrdiff_t>(openai::newest_user_message(r)));
  std::erase_if(result, [](const auto& m) { return m.text.empty() || !openai::says_something(m); });
  return result;
}

/// What of a whole conversation a chat that is told of it can use.
std::vector<openai::message> texts_of(std::vector<openai::message> whole) {
  std::erase_if(whole, [](const auto& m) { return m.text.empty() || !openai::says_something(m); });
  keep_newest(whole);
  return whole;
}

} // namespace

// -- where the conversation is -------------------------------------------------------------------

/// Goes on at that upstream. Where the conversation was elsewhere, what is known of it comes along,
/// to be told there; the chat stays behind.
void session_state::use(const std::shared_ptr<upstream_service>& upstream) {
  if (upstream == upstream_)
    return;
  auto stays = !upstream_ && known_chat_.upstream == upstream->name();
  if (whole_)
    transcript_ = texts_of(whole_->kept());
  whole_.reset();
  line_.reset(); // Before its upstream, which this may have held last.
  if (upstream->abilities().stateless)
    whole_.emplace(options_.limits, std::exchange(transcript_, {}));
  upstream_ = upstream;
  open_line(stays ? std::exchange(known_chat_, {}) : upstream_chat{});
}

void session_state::open_line(upstream_chat known) {
  line_context context;
  context.events = [handle = caf::actor_cast<session_actor>(self_), line = ++lines_](
                       transfer_event e) { caf::anon_send(handle, std::move(e), line); };
  context.wake = [this, line = lines_](std::chrono::milliseconds time, std::uint64_t number) {
    self_->delayed_send(self_, time, atom::wake_v, number, line);
  };
  line_ = upstream_->open(std::move(known), *this, std::move(context));
}

// -- what the upstream is told -------------------------------------------------------------------

result<upstream_turn, openai::error> session_state::make_upstream_turn(const turn& t) {
  upstream_turn told;
  told.model = t.model.upstream_name;
  told.request = t.request;
  if (!whole_) {
    told.text = newest_message().text;
    return told;
  }
  auto messages = whole_->begin(*t.request, t.match == session_match::explicit_id);
  if (!messages)
    return std::move(messages.error());
  told.messages = std::move(*messages);
  return told;
}

/// What the running turn says that is new. Only for a service that keeps its chats: another's
/// request need not have it.
const openai::message& session_state::newest_message() const {
  const auto& request = *running_->what.request;
  return request.messages[openai::newest_user_message(request)];
}

std::string session_state::seeded_text() const {
  auto earlier = earlier_messages(*running_->what.request);
  return with_preamble(earlier.empty() ? transcript_ : earlier, newest_message().text);
}

std::size_t session_state::times_said() const {
  auto said = [this](const openai::message& m) {
    return m.speaker == openai::role::user && m.text == newest_message().text;
  };
  return static_cast<std::size_t>(std::count_if(transcript_.begin(), transcript_.end(), said));
}

// -- what is kept --------------------------------------------------------------------------------

/// A message that nobody answered is no part of the conversation: who sent it will send it again.
void session_state::remember_turn() {
  if (told_.empty())
    return;
  if (transcript_.empty())
    transcript_ = earlier_messages(*running_->what.request);
  append(transcript_, openai::role::user, newest_message().text);
  append(transcript_, openai::role::assistant, std::exchange(told_, {}).text);
  keep_newest(transcript_);
}

/// The digest of the conversation with the turn that was just answered.
std::optional<std::string> session_state::tip_after_turn() const {
  const auto& what = running_->what;
  const auto& before = what.told.before;
  // Whoever names the session may tell the new message alone, but nothing else than what was said.
  auto named = what.match == session_match::explicit_id;
  if (!before || told_.text.size() >= longest_answer ||
      (named && (!tip_ || (what.told.tell_history() && before != tip_))))
    return std::nullopt;
  auto asked = named ? options_.digest->extend(*tip_, newest_message()) : what.told.all;
  return options_.digest->extend(asked, openai::role::assistant, told_.text);
}

/// From here on the session is found by its name only.
void session_state::forget_tip() { tip_.reset(); }

session_record session_state::record() {
  session_record result;
  info_.has_upstream_chat = !chat().id.empty();
  info_.last_used = recorded_now();
  result.info = info_;
  result.chat = chat();
  result.tip = whole_ ? next_tip_ : tip_.value_or("");
  result.transcript = whole_ ? whole_->next() : transcript_;
  if (last_ && last_->lasting)
    result.answer = last_;
  return result;
}

} // namespace nekod
