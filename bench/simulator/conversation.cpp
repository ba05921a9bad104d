#include "bench/simulator/conversation.hpp"

#include "bench/simulator/answers.hpp"
#include "bench/simulator/directive.hpp"
#include "bench/simulator/field_reader.hpp"
#include "bench/simulator/reply.hpp"
#include "bench/simulator/script.hpp"
#include "protocol/text/sse.hpp"

#include <asio.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace nekod::sim {

namespace {

using namespace std::chrono_literals;

/// How long it may take until the end of a cut reply is noticed.
constexpr auto grace = 100ms;

/// A message that is being posted.
struct posted_message {
  http::exchange_ptr exchange;
  std::string chat_id;
  std::string text;
  std::optional<fault> failure;
};

void report(state& s, violation_kind kind, std::string_view chat_id, http::exchange& x) {
  s.uses.report({kind, std::string{chat_id}, x.req().path});
}

/// Calls *f* a moment later, unless the service has ended by then.
template <class F>
void after_grace(const state_ptr& s, F f) {
  auto timer = std::make_shared<asio::steady_timer>(s->loop, grace);
  timer->async_wait([timer, weak = std::weak_ptr{s}, f = std::move(f)](const auto& error) mutable {
    if (auto alive = weak.lock(); alive && !error)
      f(alive);
  });
}

std::vector<story> tell_branches(const options& o, const ticket& t, const directed_prompt& p) {
  std::vector<story> branches;
  for (std::uint32_t b = 0; b < o.branches; ++b)
    branches.emplace_back(tell_story({p.text, t.model, t.turn, b}),
                          p.wishes.tokens.value_or(o.tokens));
  return branches;
}

void start_reply(const state_ptr& s, posted_message m, const ticket& t) {
  const auto o = s->options_now.now();
  const auto prompt = split_directive(m.text);
  const pace p{prompt.wishes.first_delay.value_or(o->first_delay),
               prompt.wishes.delay.value_or(o->delay)};
  auto events = std::make_shared<const script>(t, tell_branches(*o, t, prompt), o->named_events,
                                               prompt.wishes.finish.value_or("stop"));
  auto ended = [weak = std::weak_ptr{s}, t, events](reply& r, std::size_t sent, bool whole) {
    auto alive = weak.lock();
    if (!alive)
      return;
    alive->chats.finish(t, events->sent(sent, whole));
    alive->open_answers.release(&r);
  };
  auto r = std::make_shared<reply>(s->loop, std::move(m.exchange), events, p, std::move(m.failure),
                                   std::move(ended));
  s->open_answers.keep(r);
  r->start();
}

/// The refusal is a stream, like the service's.
void refuse_unchosen(const state& s, http::exchange& x) {
  const auto error = error_json("chat_choice_shown", "choose a branch of the last reply first");
  std::string body;
  if (s.options_now.now()->named_events)
    sse::append_event(body, "error", error);
  else
    body = error + "\n";
  x.respond(200, {{"Content-Type", "text/event-stream"}}, std::move(body));
}

void refuse(state& s, const posted_message& m, posting::outcome why) {
  auto& x = *m.exchange;
  switch (why) {
  case posting::outcome::unknown_chat:
    report(s, violation_kind::unknown_chat, m.chat_id, x);
    return answer_error(x, 404, "chat_not_found", "there is no chat " + m.chat_id);
  case posting::outcome::unchosen:
    report(s, violation_kind::unchosen, m.chat_id, x);
    return refuse_unchosen(s, x);
  default:
    report(s, violation_kind::overlap, m.chat_id, x);
    return answer_error(x, 409, "chat_busy", "the chat's last reply is still streaming");
  }
}

void post(const state_ptr& s, posted_message m, std::optional<std::uint64_t> waited_for) {
  auto p = s->chats.post(m.chat_id, m.text, waited_for);
  if (p.result == posting::outcome::taken)
    start_reply(s, std::move(m), p.t);
  else if (p.result == posting::outcome::busy)
    after_grace(s, [m = std::move(m), running = p.running](const state_ptr& alive) mutable {
      post(alive, std::move(m), running);
    });
  else
    refuse(*s, m, p.result);
}

struct choice_request {
  http::exchange_ptr exchange;
  std::string message_id;
  std::uint32_t branch = 0;
};

void refuse_choice(state& s, http::exchange& x, choosing why) {
  if (why == choosing::unknown_chat) {
    report(s, violation_kind::unknown_chat, {}, x);
    return answer_error(x, 404, "message_not_found", "there is no such message");
  }
  report(s, violation_kind::bad_request, {}, x);
  if (why == choosing::busy)
    return answer_error(x, 409, "chat_busy", "the reply is still streaming");
  if (why == choosing::not_awaited)
    return answer_error(x, 400, "choice_not_awaited", "that message does not wait for a choice");
  answer_error(x, 400, "no_such_choice", "the reply has no branch of that index");
}

void choose(const state_ptr& s, choice_request c, bool waited) {
  const auto outcome = s->chats.choose(c.message_id, c.branch);
  if (outcome == choosing::taken)
    answer_json(*c.exchange, 200, R"({"code":0,"msg":"","data":{}})");
  else if (outcome == choosing::busy && !waited)
    after_grace(s, [c = std::move(c)](const state_ptr& alive) mutable {
      choose(alive, std::move(c), true);
    });
  else
    refuse_choice(*s, *c.exchange, outcome);
}

/// The pieces in `contents`, joined; empty if the body is invalid.
std::string contents_of(std::string_view body) {
  field_reader in{body};
  std::vector<std::string> contents;
  in.texts("contents", contents);
  std::string text;
  for (const auto& piece : contents)
    text += piece;
  return text;
}

} // namespace

void answer_message(const state_ptr& s, http::exchange_ptr x, std::string_view chat_id,
                    std::optional<fault> f) {
  auto text = contents_of(x->req().body);
  if (text.empty()) {
    report(*s, violation_kind::bad_request, chat_id, *x);
    return answer_error(*x, 400, "bad_request", "`contents` must be an array with a text");
  }
  x->req().body = {};
  post(s, {std::move(x), std::string{chat_id}, std::move(text), std::move(f)}, std::nullopt);
}

void answer_choice(const state_ptr& s, http::exchange_ptr x) {
  field_reader in{x->req().body};
  choice_request c;
  in.text("msg_id", c.message_id);
  in.number("choice_idx", c.branch, 0, setting_limits::branches);
  if (!in.complaint().empty() || c.message_id.empty()) {
    report(*s, violation_kind::bad_request, {}, *x);
    return answer_error(*x, 400, "bad_request", "`msg_id` or `choice_idx` is wrong");
  }
  c.exchange = std::move(x);
  choose(s, std::move(c), false);
}

} // namespace nekod::sim
