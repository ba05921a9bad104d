#include "actors/session/answer_log.hpp"

namespace nekod {

answer_log::answer_log(answer_identity identity, home_loop home, std::size_t credit_step)
    : identity_(std::move(identity)), home_(home), credit_step_(credit_step) {}

// -- the writer ----------------------------------------------------------------------------------

void answer_log::append(deltas pieces, std::size_t bytes) {
  // A reader on this loop can leave only by the calls below, since no other code runs on it.
  answer_reader* here = nullptr;
  std::vector<reader_id> others;
  std::size_t room = 0;
  {
    std::lock_guard guard{mutex_};
    size_ += pieces.text.size();
    if (kept_.empty())
      kept_ = std::move(pieces);
    else
      kept_.append(pieces);
    costs_.push_back({end(), bytes});
    for (const auto& r : readers_) {
      if (!r.who)
        continue;
      if (!here && r.home.is_here())
        here = r.who.get();
      else
        others.push_back(r.id);
    }
    room = take_free();
  }
  if (here)
    here->on_more();
  for (auto id : others)
    wake(id);
  give_room(room);
}

void answer_log::answered_by(std::string upstream, std::string model) {
  std::lock_guard guard{mutex_};
  upstream_ = std::move(upstream);
  model_ = std::move(model);
}

void answer_log::keep() {
  std::lock_guard guard{mutex_};
  keeps_all_ = true;
}

void answer_log::add_reader(reader_id id) {
  std::lock_guard guard{mutex_};
  readers_.emplace_back().id = id;
}

void answer_log::remove_reader(reader_id id) {
  std::shared_ptr<answer_reader> dropped;
  std::size_t room = 0;
  {
    std::lock_guard guard{mutex_};
    auto* r = find(id);
    if (!r)
      return;
    dropped = std::move(r->who);
    readers_.erase(readers_.begin() + (r - readers_.data()));
    forget_what_was_read();
    room = take_free();
  }
  give_room(room);
}

// -- both ----------------------------------------------------------------------------------------

bool answer_log::repeatable() const {
  std::lock_guard guard{mutex_};
  return keeps_all_ || size_ < max_rereadable_bytes;
}

std::size_t answer_log::size() const {
  std::lock_guard guard{mutex_};
  return size_;
}

deltas answer_log::pieces() const {
  std::lock_guard guard{mutex_};
  return kept_;
}

std::pair<std::string, std::string> answer_log::answerer() const {
  std::lock_guard guard{mutex_};
  return {upstream_, model_};
}

// -- a reader ------------------------------------------------------------------------------------

void answer_log::attach(reader_id id, std::shared_ptr<answer_reader> who, home_loop home, flow f) {
  std::size_t room = 0;
  auto* called = who.get();
  {
    std::lock_guard guard{mutex_};
    auto* r = find(id);
    if (!r)
      return;
    r->who = std::move(who);
    r->home = home;
    r->how = f;
    if (r->next == end())
      called = nullptr;
    room = take_free();
  }
  if (called)
    called->on_more();
  give_room(room);
}

answer_log::progress answer_log::progress_of(reader_id id) const {
  std::lock_guard guard{mutex_};
  const auto i = std::ranges::find(readers_, id, &reader::id);
  return i == readers_.end() ? progress{} : progress_of(*i);
}

// -- all of these with the lock held -------------------------------------------------------------

answer_log::reader* answer_log::find(reader_id id) {
  const auto i = std::ranges::find(readers_, id, &reader::id);
  return i == readers_.end() ? nullptr : &*i;
}

answer_log::progress answer_log::progress_of(const reader& r) const {
  progress result;
  result.pieces = end();
  result.waiting = end() - r.next;
  result.form = kept_.what;
  result.unread = kept_.text.size() - kept_.begin_of(r.next - first_);
  result.room = free_;
  for (const auto& c : costs_) {
    if (c.end > r.next)
      break;
    result.room += c.bytes;
  }
  result.tells_room = result.room >= credit_step_;
  return result;
}

/// Drops pieces that nobody will read again, once they are half of all that are kept, so that each
/// piece is moved about once.
void answer_log::forget_what_was_read() {
  if (keeps_all_ || size_ < max_rereadable_bytes)
    return;
  auto next = end();
  for (const auto& r : readers_)
    next = std::min(next, r.next);
  const auto read = next - first_;
  if (2 * read < kept_.ends.size())
    return;
  deltas rest{kept_.what};
  for (auto i = read; i < kept_.ends.size(); ++i)
    rest.push_back(kept_.piece(i));
  kept_ = std::move(rest);
  first_ = next;
}

/// @returns bytes of the window that are free, if they are enough to tell the writer; else 0.
std::size_t answer_log::take_free() {
  auto left = end();
  for (const auto& r : readers_)
    if (r.how == flow::paced)
      left = std::min(left, r.left);
  auto used = costs_.begin();
  for (; used != costs_.end() && used->end <= left; ++used)
    free_ += used->bytes;
  costs_.erase(costs_.begin(), used);
  return free_ >= credit_step_ ? std::exchange(free_, 0) : 0;
}

// -- these without the lock ----------------------------------------------------------------------

void answer_log::give_room(std::size_t bytes) {
  if (bytes == 0)
    return;
  home_.run([log = shared_from_this(), bytes] {
    if (log->on_room_)
      log->on_room_(bytes);
  });
}

/// Tells a reader on another loop, or a second one on this, to look for more pieces.
void answer_log::wake(reader_id id) {
  home_loop home;
  {
    std::lock_guard guard{mutex_};
    auto* r = find(id);
    if (!r || !r->who || std::exchange(r->woken, true))
      return;
    home = r->home;
  }
  home.run([log = shared_from_this(), id] {
    std::shared_ptr<answer_reader> who;
    {
      std::lock_guard guard{log->mutex_};
      if (auto* r = log->find(id)) {
        r->woken = false;
        who = r->who;
      }
    }
    if (who)
      who->on_more();
  });
}

std::string text_of(const answer_log& log) {
  auto pieces = log.pieces();
  return pieces.what == deltas::form::text ? std::move(pieces.text) : std::string{};
}

} // namespace nekod
