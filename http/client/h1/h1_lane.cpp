#include "http/client/h1/h1_lane.hpp"

#include <asio/dispatch.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <utility>

namespace nekod::http {

namespace {

/// The least time between two checks of time limits.
constexpr std::chrono::milliseconds limits_interval{50};

constexpr std::size_t buffer_size = 64u << 10;

} // namespace

h1_lane::h1_lane(asio::io_context& loop, const client_options& options,
                 std::shared_ptr<tls_client::authorities> trusted, std::size_t max_connections)
    : loop_(loop),
      gather_time_(options.gather_time),
      counts_(options.counts),
      poll_(loop),
      tls_(std::move(trusted)),
      pool_(poll_, {max_connections, static_cast<std::size_t>(options.max_idle_connections)}),
      names_(loop),
      buffer_(buffer_size) {}

h1_lane::~h1_lane() {
  for (const auto& [job, owned] : jobs_)
    job->release();
}

void h1_lane::open() {
  // Timers must not keep the lane alive.
  const lazy_timer::strand strand{loop_.get_executor()};
  limits_timer_ = std::make_shared<lazy_timer>(strand, [weak = weak_from_this()] {
    if (auto self = weak.lock())
      self->check_limits();
  });
  gathering_.emplace(strand, gather_time_, [weak = weak_from_this()] {
    if (auto self = weak.lock())
      self->deliver([&] {
        const auto now = clock::now();
        for (auto* job : self->gathering_->take())
          if (const auto kept = self->find(*job))
            self->serve(*kept, EPOLLIN, now);
      });
  });
  asio::dispatch(loop_, [self = shared_from_this()] { self->wait_for_sockets(); });
}

/// Calls *f*, which may call readers. A reader may cancel its job then; such jobs are removed after
/// *f*, since they may still be in use.
template <class Deliver>
void h1_lane::deliver(Deliver f) {
  const auto is_outer = !std::exchange(delivering_, true);
  f();
  if (!is_outer)
    return;
  delivering_ = false;
  for (const auto& job : std::exchange(dropped_, {}))
    remove(*job);
}

template <class Action>
void h1_lane::post_to(h1_job& job, Action f) {
  asio::post(loop_, [self = shared_from_this(), kept = find(job), f = std::move(f)] {
    if (kept && self->find(*kept))
      self->deliver([&] { f(*self, *kept); });
  });
}

std::shared_ptr<h1_job> h1_lane::find(h1_job& job) const {
  const auto i = jobs_.find(&job);
  return i == jobs_.end() ? nullptr : i->second;
}

// -- on any thread -------------------------------------------------------------------------------

void h1_lane::start(std::shared_ptr<h1_job> job) {
  asio::dispatch(loop_, [self = shared_from_this(), job = std::move(job)] {
    self->jobs_[job.get()] = job;
    if (job->request().call().source)
      job->request().on_more_to_send([lane = self->weak_from_this(), weak = std::weak_ptr{job}] {
        auto alive = lane.lock();
        if (auto sending = weak.lock(); alive && sending)
          asio::post(alive->loop_, [alive, sending] { alive->resume_sending(*sending); });
      });
    const auto now = clock::now();
    const auto next = self->begin(*job, true, now);
    self->limits_timer_->set_no_later(job->next_look(now));
    // Posted, since a reader must not be called from within `start`.
    if (next != step::wait)
      self->post_to(*job, [next](h1_lane& lane, h1_job& j) { lane.go_on(j, next, clock::now()); });
  });
}

void h1_lane::cancel(std::shared_ptr<h1_job> job) {
  asio::dispatch(loop_, [self = shared_from_this(), job = std::move(job)]() mutable {
    job->response().reader().drop();
    // During `deliver` the caller may be this job's own reader.
    if (self->delivering_)
      self->dropped_.push_back(std::move(job));
    else
      self->remove(*job);
  });
}

/// Posted, since the caller may be the job's own reader.
void h1_lane::resume(std::shared_ptr<h1_job> job) {
  asio::post(loop_, [self = shared_from_this(), job = std::move(job)] {
    if (!self->find(*job))
      return;
    const auto now = clock::now();
    job->resume(now);
    self->limits_timer_->set_no_later(job->next_look(now));
    if (job->unseen_bytes() == h1_job::unseen::waits)
      self->read_rest(*job);
  });
}

void h1_lane::resume_sending(h1_job& job) {
  if (!find(job))
    return;
  const auto now = clock::now();
  deliver([&] { go_on(job, job.resume_sending(now), now); });
  if (find(job))
    limits_timer_->set_no_later(job.next_look(now));
}

void h1_lane::stop() {
  asio::dispatch(loop_, [self = shared_from_this()] {
    self->limits_timer_->cancel();
    self->gathering_->stop();
    while (!self->jobs_.empty())
      self->remove(*self->jobs_.begin()->first);
    self->pool_.drop_all();
    self->poll_.stop();
  });
}

// -- connections ---------------------------------------------------------------------------------

/// Gives the job a connection.
h1_lane::step h1_lane::begin(h1_job& job, bool from_pool, clock::time_point now) {
  const auto& url = job.request().url();
  if (from_pool)
    if (auto pooled = pool_.take(url.origin, now))
      return job.use(std::move(pooled), now);
  job.begin_connecting(now);
  auto addresses = names_.known(url.host, url.port, now);
  if (!addresses.empty())
    return connect(job, std::move(addresses), now);
  look_up(job, now);
  return step::wait;
}

void h1_lane::look_up(h1_job& job, clock::time_point now) {
  const auto& url = job.request().url();
  names_.ask(url.host, url.port, now,
             [this, weak = std::weak_ptr{find(job)}](const auto& addresses) {
               const auto kept = weak.lock();
               if (!kept || !find(*kept) || kept->where() != h1_job::phase::looking_up)
                 return;
               const auto at = clock::now();
               deliver([&] {
                 if (kept->deadline() <= at)
                   return go_on(*kept, kept->on_late(at), at);
                 go_on(*kept,
                       addresses.empty() ? kept->fail(transfer_failure::unreachable)
                                         : connect(*kept, addresses, at),
                       at);
               });
             });
}

h1_lane::step h1_lane::connect(h1_job& job, std::vector<socket_address> addresses,
                               clock::time_point now) {
  const auto& url = job.request().url();
  auto made = pool_.make(url.origin);
  if (!made) {
    job.wait_for_room();
    queue_.push_back(find(job));
    return step::wait;
  }
  if (url.is_secure)
    made->secure(tls_, url.host);
  return job.connect(std::move(made), std::move(addresses), now);
}

/// Lets the next job begin that waits because there were too many connections.
void h1_lane::serve_queue() {
  while (!queue_.empty()) {
    const auto job = queue_.front().lock();
    queue_.pop_front();
    if (!job || !find(*job) || job->where() != h1_job::phase::queued)
      continue;
    post_to(*job, [](h1_lane& lane, h1_job& j) {
      const auto now = clock::now();
      lane.go_on(j, lane.begin(j, true, now), now);
    });
    return;
  }
}

void h1_lane::give_back_connection(h1_job& job, clock::time_point now) {
  const auto time = job.idle_time();
  if (auto c = job.release(); c && time)
    pool_.keep(std::move(c), now, *time);
  serve_queue();
}

// -- events --------------------------------------------------------------------------------------

void h1_lane::wait_for_sockets() {
  poll_.async_wait([self = shared_from_this()](const asio::error_code& ec) {
    if (ec)
      return;
    self->serve_sockets();
    self->wait_for_sockets();
  });
}

void h1_lane::serve_sockets() {
  const auto now = clock::now();
  deliver([&] {
    poll_.look([&](connection& c, std::uint32_t events) {
      // An idle connection has no job: bytes on it, or its end, make it unusable.
      if (auto* job = c.user())
        serve(*job, events, now);
      else
        pool_.look_at(c);
    });
  });
}

void h1_lane::serve(h1_job& job, std::uint32_t events, clock::time_point now) {
  if (const auto next = job.on_ready(events, buffer_, event_, now); next != step::wait)
    go_on(job, next, now);
  else if (job.where() == h1_job::phase::connecting)
    limits_timer_->set_no_later(job.next_look(now));
  else if (const auto unseen = job.unseen_bytes(); unseen == h1_job::unseen::waits)
    read_rest(job);
  else if (unseen == h1_job::unseen::gathers)
    gathering_->add(job);
}

/// Bytes that TLS has already read from the socket wait in its buffer; the socket does not become
/// ready for them.
void h1_lane::read_rest(h1_job& job) {
  post_to(job, [](h1_lane& lane, h1_job& j) {
    if (j.unseen_bytes() == h1_job::unseen::waits)
      lane.serve(j, EPOLLIN, clock::now());
  });
}

/// Does what the job has to do next, and what follows from that. Readers may be called.
void h1_lane::go_on(h1_job& job, step next, clock::time_point now) {
  for (;;) {
    switch (next) {
    case step::wait:
      limits_timer_->set_no_later(job.next_look(now));
      return;
    case step::connect_anew:
      next = begin(job, false, now);
      break;
    case step::redirect:
      give_back_connection(job, now);
      next = job.request().follow_redirect(job.response().take_redirect())
                 ? begin(job, true, now)
                 : job.fail(transfer_failure::malformed);
      break;
    case step::end:
      if (job.failure() == transfer_failure::unreachable)
        names_.distrust(job.request().url().host);
      // Before the reader is called, since it may start a call that needs a connection.
      give_back_connection(job, now);
      job.response().finish(job.failure());
      remove(job);
      return;
    }
  }
}

void h1_lane::remove(h1_job& job) {
  const auto kept = find(job);
  if (!kept)
    return;
  jobs_.erase(&job);
  gathering_->remove(job);
  if (job.release())
    serve_queue();
  if (auto left = job.response().reader().client_left(); left != clock::time_point{})
    counts_->client_leave.Observe(in_seconds(clock::now() - left));
}

// -- time limits ---------------------------------------------------------------------------------

/// Ends jobs that are past their deadlines. Arriving bytes rarely make a deadline earlier, so these
/// checks stay rare however many bytes arrive.
void h1_lane::check_limits() {
  const auto now = clock::now();
  auto next = clock::time_point::max();
  std::vector<std::shared_ptr<h1_job>> late;
  for (const auto& [job, owned] : jobs_) {
    if (auto deadline = job->deadline(); deadline <= now)
      late.push_back(owned);
    else
      next = std::min(next, job->next_look(now));
  }
  deliver([&] {
    for (const auto& job : late)
      if (find(*job) && !job->response().reader().has_dropped())
        go_on(*job, job->on_late(now), now);
  });
  limits_timer_->set_no_later(std::max(next, now + limits_interval));
}

} // namespace nekod::http
