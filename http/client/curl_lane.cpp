#include "http/client/curl_lane.hpp"

#include <asio/bind_executor.hpp>
#include <asio/dispatch.hpp>
#include <asio/post.hpp>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace nekod::http {

namespace {

/// How long it takes at least from one look at time limits to the next.
constexpr std::chrono::milliseconds limits_interval{50};

/// Sockets served for one wait.
constexpr int max_events = 128;

int make_epoll() {
  auto fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0)
    throw std::system_error{errno, std::generic_category(), "epoll_create1"};
  return fd;
}

} // namespace

curl_lane::curl_lane(asio::io_context& loop, const client_options& options,
                     std::size_t max_connections)
    : strand_(loop.get_executor()),
      counts_(options.counts),
      epoll_(loop, make_epoll()),
      sockets_(epoll_.native_handle()),
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

// -- from any thread -----------------------------------------------------------------------------

void curl_lane::start(std::shared_ptr<curl_job> job) {
  asio::dispatch(strand_, [self = shared_from_this(), job = std::move(job)] {
    auto& running = self->jobs_[job.get()];
    running = {job, self.get(), {}};
    job->report_to(self->dirty_);
    job->on_more_to_send([lane = self->weak_from_this(), weak = std::weak_ptr{job}] {
      auto alive = lane.lock();
      if (auto sending = weak.lock(); alive && sending)
        alive->resume_sending(std::move(sending));
    });
    auto* easy = job->easy();
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &curl_lane::open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &running);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &curl_lane::close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, self.get());
    curl_multi_add_handle(self->multi_.get(), job->easy());
    self->limits_timer_->set_no_later(job->deadline());
  });
}

void curl_lane::cancel(std::shared_ptr<curl_job> job) {
  asio::dispatch(strand_, [self = shared_from_this(), job = std::move(job)]() mutable {
    job->drop();
    // The job may be further up the stack, at an event of which its reader dropped it.
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

/// Posted, for libcurl may be calling the job at this very moment, further up the stack.
void curl_lane::post_to(std::shared_ptr<curl_job> job, void (curl_job::*action)()) {
  asio::post(strand_, [self = shared_from_this(), job = std::move(job), action] {
    if (self->jobs_.count(job.get()) == 0)
      return;
    (job.get()->*action)();
    self->limits_timer_->set_no_later(job->deadline());
    self->after_action();
  });
}

void curl_lane::stop() {
  asio::dispatch(strand_, [self = shared_from_this()] {
    asio::error_code ignored;
    self->epoll_.close(ignored);
    self->sockets_ = socket_watch{-1};
    self->timer_->cancel();
    self->limits_timer_->cancel();
    while (!self->jobs_.empty())
      self->remove(*self->jobs_.begin()->first);
  });
}

// -- sockets and timers --------------------------------------------------------------------------

int curl_lane::watch_socket(CURL* easy, curl_socket_t socket, int what, void* self, void*) {
  std::uint32_t events = 0;
  if (what != CURL_POLL_REMOVE)
    curl_job::of(easy).uses(socket);
  if (what != CURL_POLL_REMOVE && (what & CURL_POLL_IN) != 0)
    events |= EPOLLIN;
  if (what != CURL_POLL_REMOVE && (what & CURL_POLL_OUT) != 0)
    events |= EPOLLOUT;
  static_cast<curl_lane*>(self)->sockets_.wait_for(socket, events);
  return 0;
}

/// As libcurl would do it itself, and counted.
curl_socket_t curl_lane::open_socket(void* job, curlsocktype, curl_sockaddr* address) {
  auto& running = *static_cast<running_job*>(job);
  auto& lane = *running.lane;
  auto fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0)
    return fd;
  if (!lane.sockets_.opened(fd))
    ++lane.connections_;
  running.opened.push_back(fd);
  return fd;
}

int curl_lane::close_socket(void* self, curl_socket_t socket) {
  auto& lane = *static_cast<curl_lane*>(self);
  --lane.connections_;
  lane.sockets_.closed(socket);
  return close(socket);
}

int curl_lane::set_timer(CURLM*, long timeout_ms, void* self) {
  auto& lane = *static_cast<curl_lane*>(self);
  if (timeout_ms < 0) {
    lane.timer_->clear();
  } else if (timeout_ms == 0) {
    // Posted, for libcurl may not be called from here.
    lane.timer_->clear();
    asio::post(lane.strand_, [me = lane.shared_from_this()] {
      // A transfer may be about to choose its connection: not one over which something came.
      me->serve_sockets();
      me->act(CURL_SOCKET_TIMEOUT, 0);
    });
  } else {
    lane.timer_->set(clock::now() + std::chrono::milliseconds{timeout_ms});
  }
  return 0;
}

void curl_lane::wait_for_sockets() {
  epoll_.async_wait(
      asio::posix::stream_descriptor::wait_read,
      asio::bind_executor(strand_, [self = shared_from_this()](const asio::error_code& ec) {
        if (ec)
          return;
        self->serve_sockets();
        self->wait_for_sockets();
      }));
}

void curl_lane::serve_sockets() {
  std::array<epoll_event, max_events> events;
  auto n = epoll_wait(epoll_.native_handle(), events.data(), max_events, 0);
  for (int i = 0; i < n; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    if (!sockets_.is_wanted(event.data.fd)) {
      drop_if_idle(event.data.fd);
      continue;
    }
    int what = 0;
    if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP)) != 0)
      what |= CURL_CSELECT_IN;
    if ((event.events & EPOLLOUT) != 0)
      what |= CURL_CSELECT_OUT;
    if ((event.events & EPOLLERR) != 0)
      what |= CURL_CSELECT_ERR;
    int running = 0;
    curl_multi_socket_action(multi_.get(), event.data.fd, what, &running);
  }
  after_action();
}

/// What comes over a connection that waits for its next request answers nothing that was asked:
/// libcurl 7.88 would take it for the answer to that request. So the connection is made one that
/// libcurl sees is dead.
void curl_lane::drop_if_idle(curl_socket_t socket) {
  auto is_held_back = [&](const auto& entry) { return entry.first->holds_back(socket); };
  if (!sockets_.is_to_be_silent(socket) || std::any_of(jobs_.begin(), jobs_.end(), is_held_back))
    return;
  // As long as there is something to be read, a TLS connection passes for alive.
  std::array<char, 16 << 10> unread;
  while (recv(socket, unread.data(), unread.size(), MSG_DONTWAIT) > 0) {
  }
  shutdown(socket, SHUT_RDWR);
}

void curl_lane::act(curl_socket_t socket, int events) {
  int running = 0;
  curl_multi_socket_action(multi_.get(), socket, events, &running);
  after_action();
}

/// Hands on what the last actions brought, and removes the jobs that ended. Readers may start and
/// drop transfers meanwhile.
void curl_lane::after_action() {
  delivering_ = true;
  for (auto* job : std::exchange(dirty_, {}))
    job->flush();
  int left = 0;
  while (auto* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE)
      continue;
    auto code = message->data.result;
    auto& job = curl_job::of(message->easy_handle);
    if (code == CURLE_OK && job.follows_redirect()) {
      follow_redirect(job);
      continue;
    }
    job.finish(code);
    remove(job);
  }
  end_delivering();
}

/// Removes the jobs that their readers dropped at an event.
void curl_lane::end_delivering() {
  delivering_ = false;
  for (const auto& job : std::exchange(dropped_, {}))
    remove(*job);
}

void curl_lane::follow_redirect(curl_job& job) {
  curl_multi_remove_handle(multi_.get(), job.easy());
  job.follow_redirect();
  curl_multi_add_handle(multi_.get(), job.easy());
  limits_timer_->set_no_later(job.deadline());
}

void curl_lane::remove(curl_job& job) {
  auto i = jobs_.find(&job);
  if (i == jobs_.end())
    return;
  job.forgo_rest();
  if (auto socket = job.multiplexed_socket())
    sockets_.may_speak(*socket);
  curl_multi_remove_handle(multi_.get(), job.easy());
  if (auto left = job.client_left(); left != clock::time_point{})
    counts_->client_leave.Observe(in_seconds(clock::now() - left));
  for (auto socket : i->second.opened)
    if (sockets_.closed_unseen(socket))
      --connections_;
  jobs_.erase(i);
}

// -- time limits ---------------------------------------------------------------------------------

/// Fails the jobs that are late. Bytes that come put deadlines off, so that these are looked at
/// rarely, however much comes.
void curl_lane::check_limits() {
  auto now = clock::now();
  auto next = clock::time_point::max();
  std::vector<std::shared_ptr<curl_job>> late;
  for (const auto& [job, running] : jobs_) {
    if (auto deadline = job->deadline(); deadline <= now)
      late.push_back(running.job);
    else
      next = std::min(next, deadline);
  }
  delivering_ = true;
  for (const auto& job : late) {
    remove(*job);
    job->fail(job->lateness());
  }
  end_delivering();
  limits_timer_->set_no_later(std::max(next, now + limits_interval));
}

} // namespace nekod::http
