#include "http/client/curl/curl_lane.hpp"

#include <asio/bind_executor.hpp>
#include <asio/dispatch.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace nekod::http {

namespace {

/// The least time between two checks of time limits.
constexpr std::chrono::milliseconds limits_interval{50};

} // namespace

curl_lane::curl_lane(asio::io_context& loop, const client_options& options,
                     std::size_t max_connections)
    : strand_(loop.get_executor()),
      counts_(options.counts),
      sockets_(loop),
      multi_(curl_multi_init()) {
  if (!multi_)
    throw std::runtime_error{"libcurl cannot be set up"};
  auto* multi = multi_.get();
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &curl_lane::watch_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &curl_lane::set_timer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, options.max_idle_connections);
  curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(max_connections));
  curl_multi_setopt(multi, CURLMOPT_PIPELINING, long{CURLPIPE_MULTIPLEX});
}

curl_lane::~curl_lane() {
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, nullptr);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, nullptr);
  for (const auto& [job, running] : jobs_)
    curl_multi_remove_handle(multi_.get(), job->easy());
}

void curl_lane::open() {
  // Waits of the timers do not keep the lane alive.
  timer_ = std::make_shared<lazy_timer>(strand_, [weak = weak_from_this()] {
    if (auto self = weak.lock())
      self->act(CURL_SOCKET_TIMEOUT, 0);
  });
  limits_timer_ = std::make_shared<lazy_timer>(strand_, [weak = weak_from_this()] {
    if (auto self = weak.lock())
      self->check_limits();
  });
  asio::dispatch(strand_, [self = shared_from_this()] { self->wait_for_sockets(); });
}

// -- on any thread -------------------------------------------------------------------------------

void curl_lane::start(std::shared_ptr<curl_job> job) {
  asio::dispatch(strand_, [self = shared_from_this(), job = std::move(job)] {
    auto& running = self->jobs_[job.get()];
    running.job = job;
    job->response().report_to(self->dirty_);
    job->request().on_more_to_send([lane = self->weak_from_this(), weak = std::weak_ptr{job}] {
      auto alive = lane.lock();
      if (auto sending = weak.lock(); alive && sending)
        alive->resume_sending(std::move(sending));
    });
    self->sockets_.provide_for(job->easy(), running.opened);
    curl_multi_add_handle(self->multi_.get(), job->easy());
    self->limits_timer_->set_no_later(job->next_look(clock::now()));
  });
}

void curl_lane::cancel(std::shared_ptr<curl_job> job) {
  asio::dispatch(strand_, [self = shared_from_this(), job = std::move(job)]() mutable {
    job->response().reader().drop();
    // The job may be further up the stack, if its reader dropped it at an event.
    if (self->delivering_)
      self->dropped_.push_back(std::move(job));
    else
      self->remove(*job);
  });
}

void curl_lane::resume(std::shared_ptr<curl_job> job) {
  post_to(std::move(job), &curl_job::resume);
}

void curl_lane::resume_sending(std::shared_ptr<curl_job> job) {
  post_to(std::move(job), &curl_job::resume_sending);
}

/// Posted, since libcurl may be calling the job right now, further up the stack.
void curl_lane::post_to(std::shared_ptr<curl_job> job, void (curl_job::*action)()) {
  asio::post(strand_, [self = shared_from_this(), job = std::move(job), action] {
    if (self->jobs_.count(job.get()) == 0)
      return;
    (job.get()->*action)();
    self->limits_timer_->set_no_later(job->next_look(clock::now()));
    self->after_action();
  });
}

void curl_lane::stop() {
  asio::dispatch(strand_, [self = shared_from_this()] {
    self->sockets_.stop();
    self->timer_->cancel();
    self->limits_timer_->cancel();
    while (!self->jobs_.empty())
      self->remove(*self->jobs_.begin()->first);
  });
}

// -- sockets and timers --------------------------------------------------------------------------

int curl_lane::watch_socket(CURL* easy, curl_socket_t socket, int what, void* self, void*) {
  if (what != CURL_POLL_REMOVE)
    curl_job::of(easy).uses(socket);
  static_cast<curl_lane*>(self)->sockets_.wait_for(socket, what);
  return 0;
}

int curl_lane::set_timer(CURLM*, long timeout_ms, void* self) {
  auto& lane = *static_cast<curl_lane*>(self);
  if (timeout_ms < 0) {
    lane.timer_->clear();
  } else if (timeout_ms == 0) {
    // Posted, since libcurl must not be called from here.
    lane.timer_->clear();
    asio::post(lane.strand_, [me = lane.shared_from_this()] {
      // A transfer may be about to choose a connection, which must not be one that got bytes while
      // it was idle.
      me->serve_sockets();
      me->act(CURL_SOCKET_TIMEOUT, 0);
    });
  } else {
    lane.timer_->set(clock::now() + std::chrono::milliseconds{timeout_ms});
  }
  return 0;
}

void curl_lane::wait_for_sockets() {
  sockets_.async_wait(
      asio::bind_executor(strand_, [self = shared_from_this()](const asio::error_code& ec) {
        if (ec)
          return;
        self->serve_sockets();
        self->wait_for_sockets();
      }));
}

void curl_lane::serve_sockets() {
  sockets_.serve(
      [this](curl_socket_t socket, int events) {
        int running = 0;
        curl_multi_socket_action(multi_.get(), socket, events, &running);
      },
      [this](curl_socket_t socket) { cut_if_idle(socket); });
  after_action();
}

/// Bytes on an idle connection answer no request: libcurl 7.88 would take them for the answer to
/// the next one. So the connection is cut.
void curl_lane::cut_if_idle(curl_socket_t socket) {
  auto is_held_back = [&](const auto& entry) { return entry.first->holds_back(socket); };
  if (sockets_.is_to_be_silent(socket) && std::none_of(jobs_.begin(), jobs_.end(), is_held_back))
    curl_sockets::cut(socket);
}

void curl_lane::act(curl_socket_t socket, int events) {
  int running = 0;
  curl_multi_socket_action(multi_.get(), socket, events, &running);
  after_action();
}

/// Hands on the bytes of the last actions, and removes the jobs that ended. Readers may start and
/// drop transfers meanwhile.
void curl_lane::after_action() {
  delivering_ = true;
  for (auto* response : std::exchange(dirty_, {}))
    response->flush();
  int left = 0;
  while (auto* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE)
      continue;
    auto code = message->data.result;
    auto& job = curl_job::of(message->easy_handle);
    if (code == CURLE_OK && job.response().follows_redirect()) {
      follow_redirect(job);
      continue;
    }
    job.finish(code);
    remove(job);
  }
  end_delivering();
}

/// Removes the jobs that were dropped by their readers at an event.
void curl_lane::end_delivering() {
  delivering_ = false;
  for (const auto& job : std::exchange(dropped_, {}))
    remove(*job);
}

void curl_lane::follow_redirect(curl_job& job) {
  curl_multi_remove_handle(multi_.get(), job.easy());
  job.follow_redirect();
  curl_multi_add_handle(multi_.get(), job.easy());
  limits_timer_->set_no_later(job.next_look(clock::now()));
}

void curl_lane::remove(curl_job& job) {
  auto i = jobs_.find(&job);
  if (i == jobs_.end())
    return;
  job.response().forgo_rest();
  if (auto socket = job.multiplexed_socket())
    sockets_.may_speak(*socket);
  curl_multi_remove_handle(multi_.get(), job.easy());
  if (auto left = job.response().reader().client_left(); left != clock::time_point{})
    counts_->client_leave.Observe(in_seconds(clock::now() - left));
  sockets_.settle(i->second.opened);
  jobs_.erase(i);
}

// -- time limits ---------------------------------------------------------------------------------

/// Fails the jobs that are late. Bytes hardly ever move a deadline to an earlier time, so that
/// these checks are rare, however many bytes come.
void curl_lane::check_limits() {
  auto now = clock::now();
  auto next = clock::time_point::max();
  std::vector<std::shared_ptr<curl_job>> late;
  for (const auto& [job, running] : jobs_) {
    if (auto deadline = job->deadline(); deadline <= now)
      late.push_back(running.job);
    else
      next = std::min(next, job->next_look(now));
  }
  delivering_ = true;
  for (const auto& job : late) {
    remove(*job);
    job->response().reader().send_end(job->lateness());
  }
  end_delivering();
  limits_timer_->set_no_later(std::max(next, now + limits_interval));
}

} // namespace nekod::http
