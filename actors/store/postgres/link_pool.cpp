#include "actors/store/postgres/link_pool.hpp"

#include "actors/store/postgres/address.hpp"

#include <asio/post.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace nekod::postgres {

namespace {

/// How often the pool looks whether time limits are over.
constexpr std::chrono::milliseconds look_interval{250};

/// A query that meets others so often has failed.
constexpr unsigned most_refusals = 5;

} // namespace

link_pool::link_pool(asio::io_context& loop, pool_options options, pool_events events)
    : loop_(loop),
      options_(std::move(options)),
      events_(std::move(events)),
      timer_(loop),
      absent_since_(clock::now()) {}

void link_pool::begin() {
  const auto parameters = parameters_of(options_.address);
  const auto hosts = names_in(options_.address);
  const auto life = weak_from_this();
  for (std::size_t i = 0; i < options_.links; ++i) {
    link_events heard;
    heard.opened = [this, life, i] {
      if (const auto alive = life.lock())
        link_opened(i);
    };
    heard.broke = [this, life](std::deque<query> unanswered) {
      if (const auto alive = life.lock())
        link_broke(std::move(unanswered));
    };
    heard.refused = [this, life](query q) {
      if (const auto alive = life.lock())
        ask_again(std::move(q));
    };
    if (i == 0)
      heard.noticed = events_.noticed;
    links_.push_back(std::make_shared<link>(loop_, parameters, hosts,
                                            i == 0 ? options_.channel : "", std::move(heard)));
  }
  for (const auto& l : links_)
    l->begin();
  look_around();
}

void link_pool::close() {
  closed_ = true;
  timer_.cancel();
  for (const auto& l : links_)
    l->close();
  waiting_.clear();
  open_count_ = 0;
}

// -- to ask --------------------------------------------------------------------------------------

void link_pool::ask(query q) {
  if (auto* l = best())
    return l->send(std::move(q));
  if (!told_there_)
    return fail(std::move(q), "no server");
  waiting_.push_back(std::move(q));
}

/// The open link with the least to do; null if none is open.
link* link_pool::best() {
  link* result = nullptr;
  for (const auto& l : links_)
    if (l->is_open() && (!result || l->load() < result->load()))
      result = l.get();
  return result;
}

void link_pool::fail(query q, const std::string& why) {
  asio::post(loop_, [then = std::move(q.then), why] { then(query_failure{true, why}); });
}

void link_pool::ask_again(query q) {
  if (q.refusals > most_refusals)
    return fail(std::move(q), "the query met other ones again and again");
  // Not at once: the link is in the middle of its results.
  waiting_.push_back(std::move(q));
  asio::post(loop_, [this, life = weak_from_this()] {
    if (const auto alive = life.lock())
      ask_waiting();
  });
}

void link_pool::ask_waiting() {
  while (!waiting_.empty() && best() != nullptr) {
    auto q = std::move(waiting_.front());
    waiting_.pop_front();
    best()->send(std::move(q));
  }
}

// -- what happens --------------------------------------------------------------------------------

void link_pool::link_opened(std::size_t index) {
  count_open();
  if (!std::exchange(told_there_, true))
    events_.changed(true, {});
  if (index == 0)
    events_.listens();
  ask_waiting();
}

void link_pool::link_broke(std::deque<query> unanswered) {
  const auto had_some = open_count_ > 0;
  count_open();
  if (had_some && open_count_ == 0)
    absent_since_ = clock::now();
  waiting_.insert(waiting_.begin(), std::make_move_iterator(unanswered.begin()),
                  std::make_move_iterator(unanswered.end()));
  asio::post(loop_, [this, life = weak_from_this()] {
    if (const auto alive = life.lock())
      ask_waiting();
  });
}

void link_pool::count_open() {
  open_count_ = static_cast<std::size_t>(
      std::count_if(links_.begin(), links_.end(), [](const auto& l) { return l->is_open(); }));
  events_.counted(open_count_);
}

/// Checks the time limits; repeats itself later.
void link_pool::look_around() {
  if (closed_)
    return;
  const auto now = clock::now();
  auto is_silent = false;
  for (const auto& l : links_)
    is_silent = l->check(now, options_.longest_silence) || is_silent;
  // Else the repeated query would go to one link after the other that nothing has shown to be dead.
  for (const auto& l : links_)
    if (is_silent)
      l->renew_if_idle();
  if (open_count_ == 0 && told_there_ && now - absent_since_ > options_.longest_absence) {
    told_there_ = false;
    events_.changed(false, links_.front()->problem());
  }
  for (auto& q : std::exchange(waiting_, {})) {
    if (!told_there_ || q.until < now)
      fail(std::move(q), "no server in time");
    else
      waiting_.push_back(std::move(q));
  }
  timer_.expires_after(look_interval);
  timer_.async_wait([this, life = weak_from_this()](asio::error_code e) {
    const auto alive = life.lock();
    if (alive && !e)
      look_around();
  });
}

} // namespace nekod::postgres
