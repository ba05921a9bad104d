#include "bench/simulator/books.hpp"

#include "protocol/text/hex.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace nekod::sim {

namespace {

/// A message id is its chat's id, a dot, and a number that counts the messages of both sides.
std::string message_id(const std::string& chat_id, std::uint64_t count) {
  return chat_id + '.' + std::to_string(count);
}

struct parsed_id {
  std::string_view chat_id;
  std::uint64_t number = 0;
  bool is_answer = false;
};

std::optional<parsed_id> parse_message_id(std::string_view id) {
  auto dot = id.rfind('.');
  if (dot == std::string_view::npos)
    return std::nullopt;
  std::uint64_t count = 0;
  const auto* last = id.data() + id.size();
  auto [end, error] = std::from_chars(id.data() + dot + 1, last, count);
  if (error != std::errc{} || end != last || count == 0)
    return std::nullopt;
  return parsed_id{id.substr(0, dot), (count + 1) / 2, count % 2 == 0};
}

std::size_t cost(const message& m) { return sizeof(message) + m.text.size() + m.reply.size(); }

message* find_message(chat& c, std::uint64_t number) {
  auto i = std::find_if(c.messages.rbegin(), c.messages.rend(),
                        [number](const message& m) { return m.number == number; });
  return i == c.messages.rend() ? nullptr : &*i;
}

bool awaits(const chat& c, const parsed_id& id) {
  return c.awaited && c.awaited->number == id.number && (id.is_answer || c.awaited->answer_unnamed);
}

} // namespace

std::string_view name_of(message_state s) noexcept {
  constexpr std::array<std::string_view, 4> names{"streaming", "done", "aborted", "refused"};
  return names[static_cast<std::size_t>(s)];
}

std::string user_message_id(const std::string& chat_id, std::uint64_t number) {
  return message_id(chat_id, 2 * number - 1);
}

std::string answer_message_id(const std::string& chat_id, std::uint64_t number) {
  return message_id(chat_id, 2 * number);
}

books::books(book_limits limits, std::uint64_t seed) : limits_(limits), random_(seed) {}

std::string books::open_chat(std::string model) {
  std::lock_guard lock{mutex_};
  auto& c = full_.emplace_back();
  auto id = c.id = new_id();
  c.model = std::move(model);
  by_id_.emplace(c.id, location{&full_, std::prev(full_.end())});
  ++totals_.chats;
  keep_limits();
  return id;
}

bool books::set_model(std::string_view chat_id, std::string model) {
  std::lock_guard lock{mutex_};
  auto* c = touch(chat_id);
  if (c != nullptr)
    c->model = std::move(model);
  return c != nullptr;
}

posting books::post(std::string_view chat_id, std::string text,
                    std::optional<std::uint64_t> waited_for) {
  using outcome = posting::outcome;
  std::lock_guard lock{mutex_};
  auto* c = touch(chat_id);
  if (c == nullptr)
    return {outcome::unknown_chat, {}, 0};
  if (c->running && !waited_for)
    return {outcome::busy, {}, *c->running};
  if (c->running || (waited_for && *waited_for == c->last_done)) {
    record(*c, std::move(text), message_state::refused);
    return {outcome::overlap, {}, 0};
  }
  if (c->awaited) {
    record(*c, std::move(text), message_state::refused);
    return {outcome::unchosen, {}, 0};
  }
  record(*c, std::move(text), message_state::streaming);
  c->running = c->posts;
  ++c->turns;
  ++totals_.messages;
  totals_.max_active = std::max(totals_.max_active, ++totals_.active);
  return {outcome::taken, {c->id, c->model, c->posts, c->turns}, 0};
}

void books::finish(const ticket& t, sent_reply sent) {
  std::lock_guard lock{mutex_};
  // A chat whose reply is streaming is dropped only by a reset.
  auto* c = touch(t.chat_id);
  if (c == nullptr || c->running != t.number)
    return;
  settle(*c, t, std::move(sent));
  keep_limits();
}

choosing books::choose(std::string_view id, std::uint32_t branch) {
  std::lock_guard lock{mutex_};
  auto parsed = parse_message_id(id);
  auto* c = parsed ? touch(parsed->chat_id) : nullptr;
  if (c == nullptr)
    return choosing::unknown_chat;
  if (c->running == parsed->number)
    return choosing::busy;
  if (!awaits(*c, *parsed))
    return c->last_chosen == parsed->number ? choosing::taken : choosing::not_awaited;
  if (branch >= c->awaited->branches)
    return choosing::no_such_branch;
  c->awaited.reset();
  c->last_chosen = parsed->number;
  if (auto* m = find_message(*c, parsed->number))
    m->choice = branch;
  ++totals_.choices;
  return choosing::taken;
}

totals books::count() const {
  std::lock_guard lock{mutex_};
  return totals_;
}

void books::visit(const std::function<void(const chat&)>& f) const {
  std::lock_guard lock{mutex_};
  for (const auto* list : {&emptied_, &full_})
    for (const auto& c : *list)
      f(c);
}

bool books::visit(std::string_view chat_id, const std::function<void(const chat&)>& f) const {
  std::lock_guard lock{mutex_};
  auto i = by_id_.find(chat_id);
  if (i == by_id_.end())
    return false;
  f(*i->second.at);
  return true;
}

void books::reset() {
  std::lock_guard lock{mutex_};
  by_id_.clear();
  emptied_.clear();
  full_.clear();
  bytes_ = 0;
  totals_ = {};
}

/// A UUID, like the service's ids.
std::string books::new_id() {
  std::uniform_int_distribution<std::size_t> any{0, hex_digits.size() - 1};
  std::string id = "xxxxxxxx-xxxx-4xxx-axxx-xxxxxxxxxxxx";
  for (auto& ch : id)
    if (ch == 'x')
      ch = hex_digits[any(random_)];
  return id;
}

/// Finds a chat and marks it as used now.
chat* books::touch(std::string_view chat_id) {
  auto i = by_id_.find(chat_id);
  if (i == by_id_.end())
    return nullptr;
  move(i->second, full_);
  return &*i->second.at;
}

void books::move(location& p, chat_list& to) {
  to.splice(to.end(), *p.list, p.at);
  p.list = &to;
}

void books::record(chat& c, std::string text, message_state s) {
  message m;
  m.number = ++c.posts;
  m.text = std::move(text);
  m.state = s;
  resize(c, 0, cost(m));
  c.messages.push_back(std::move(m));
  keep_limits();
}

void books::settle(chat& c, const ticket& t, sent_reply sent) {
  c.running.reset();
  --totals_.active;
  ++(sent.whole ? totals_.completed : totals_.aborted);
  if (sent.whole)
    c.last_done = t.number;
  if (sent.named_user || sent.named_answer)
    c.awaited = open_choice{t.number, sent.branches, !sent.named_answer};
  if (auto* m = find_message(c, t.number)) {
    auto before = cost(*m);
    m->state = sent.whole ? message_state::done : message_state::aborted;
    m->reply = std::move(sent.text);
    resize(c, before, cost(*m));
  }
}

void books::resize(chat& c, std::size_t before, std::size_t after) {
  c.bytes = c.bytes - before + after;
  bytes_ = bytes_ - before + after;
}

/// Drops all messages except one whose reply is streaming.
void books::forget_messages(chat& c) {
  std::vector<message> kept;
  for (auto& m : c.messages)
    if (m.state == message_state::streaming)
      kept.push_back(std::move(m));
    else
      resize(c, cost(m), 0);
  c.messages = std::move(kept);
}

void books::keep_limits() {
  while (bytes_ > limits_.bytes && !full_.empty()) {
    auto& oldest = full_.front();
    forget_messages(oldest);
    move(by_id_.at(oldest.id), emptied_);
  }
  for (auto tries = by_id_.size(); by_id_.size() > limits_.chats && tries > 0; --tries)
    drop_oldest();
}

/// Drops the least recently used chat, unless its reply is streaming.
void books::drop_oldest() {
  auto& oldest = emptied_.empty() ? full_.front() : emptied_.front();
  auto i = by_id_.find(oldest.id);
  if (oldest.running)
    return move(i->second, full_);
  auto [list, at] = i->second;
  bytes_ -= oldest.bytes;
  by_id_.erase(i);
  list->erase(at);
}

} // namespace nekod::sim
