#include "actors/session/conversation/transcript.hpp"
#include "actors/session/session.hpp"
#include "actors/upstream/obeying_conversation.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"

#include <caf/send.hpp>

#include <utility>

/// What a session knows of its conversation: what the upstream is told of it, and what is kept.
namespace nekod {

namespace {

/// What of a whole conversation a chat that is told of it can use.
std::vector<openai::message> texts_of(std::vector<openai::message> whole) {
  std::erase_if(whole, [](const auto& m) { return m.text.empty() || !openai::says_something(m); });
  keep_newest(whole);
  return whole;
}

} // namespace

// -- where the conversation is -------------------------------------------------------------------

/// Goes on at the turn's upstream. Where the conversation was elsewhere, what is known of it comes
/// along, to be told there; the chat stays behind.
void session_state::use(const turn& t) {
  const auto& upstream = t.model.upstream;
  const auto obeys = !upstream->abilities().speaks_openai && wants_obeying(*t.request);
  const auto fits = obeys == std::exchange(line_obeys_, obeys);
  if (upstream == upstream_) {
    if (!fits)
      open_line(upstream_chat{chat()});
    return;
  }
  auto stays = !upstream_ && known_chat_.upstream == upstream->name();
  if (whole_)
    remember({texts_of(whole_->kept()), tip_, std::nullopt});
  whole_.reset();
  line_.reset(); // Before its upstream, which this may have held last.
  if (upstream->abilities().stateless) {
    const auto stored = memory_.stored();
    auto kept = memory_.take();
    tip_ = std::move(kept.tip);
    whole_.emplace(options_.limits, std::move(kept.transcript), stored);
  }
  upstream_ = upstream;
  open_line(stays ? std::exchange(known_chat_, {}) : upstream_chat{});
}

void session_state::open_line(upstream_chat known) {
  conversation_context context;
  context.events = [this, alive = std::weak_ptr{alive_}, home = options_.home,
                    handle = caf::actor_cast<private_session_actor>(self_),
                    line = ++lines_](transfer_event&& e) {
    // A transfer that had to go to another loop sends all of its events as messages.
    if (e.what == transfer_event::kind::end || !home.is_here())
      caf::anon_send(handle, std::move(e), line);
    else if (!alive.expired())
      take_bytes(std::move(e), line);
  };
  context.wake = [this, line = lines_](std::chrono::milliseconds time, std::uint64_t number) {
    self_->delayed_send(self_, time, atom::wake_v, number, line);
  };
  line_ = line_obeys_ ? std::make_unique<obeying_conversation>(upstream_, std::move(known), *this,
                                                               std::move(context), options_.budget)
                      : upstream_->open(std::move(known), *this, std::move(context));
}

// -- what the upstream is told -------------------------------------------------------------------

result<upstream_turn, openai::error> session_state::make_upstream_turn(const turn& t) {
  upstream_turn told;
  told.model = t.model.upstream_name;
  told.request = t.request;
  const auto named = t.match == session_match::explicit_id;
  if (!whole_) {
    told.new_chat = !memory_.begin(*t.request, t.digests, named);
    told.text = memory_.text();
    return told;
  }
  auto messages = whole_->begin(*t.request, named);
  if (!messages)
    return std::move(messages.error());
  told.messages = std::move(*messages);
  return told;
}

std::string session_state::seeded_text() const { return memory_.seeded_text(); }

std::size_t session_state::times_said() const { return memory_.times_said(); }

// -- what is kept --------------------------------------------------------------------------------

/// @param stored How many messages of the record, from the beginning, are the store's.
void session_state::remember(chat_record kept, std::size_t stored) {
  memory_ = chat_memory{options_.digest, std::move(kept), stored};
}

/// The answer's text. Of several answers none counts before all are there.
std::string session_state::answered_text() const {
  return answer_ ? answer_->text() : std::string{};
}

/// The running turn ends without its whole answer. A message that nobody answered is no part of the
/// conversation: its client will send it again.
void session_state::break_off(bool heard) { memory_.broken_off(answered_text(), heard); }

/// The digest of the conversation; nothing where it is not sure what the upstream knows of it.
const std::optional<std::string>& session_state::tip() const noexcept {
  return whole_ ? tip_ : memory_.kept().tip;
}

session_record session_state::record(std::string tip) {
  session_record result;
  info_.has_upstream_chat = !chat().id.empty();
  info_.last_used = recorded_now();
  result.info = info_;
  result.scope = options_.scope;
  if (!memory_.needs_new_chat())
    result.chat = chat();
  result.tip = std::move(tip);
  if (!whole_)
    result.prompt = memory_.kept().prompt;
  if (last_ && last_->lasting)
    result.answer = last_;
  return result;
}

} // namespace nekod
