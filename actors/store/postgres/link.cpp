#include "actors/store/postgres/link.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <random>
#include <string_view>

namespace nekod::postgres {

namespace {

using wait_type = asio::posix::stream_descriptor::wait_type;
using std::chrono::milliseconds;

/// Before a broken link is connected again: at first, and at most.
constexpr milliseconds shortest_pause{100};
constexpr milliseconds longest_pause{2000};

/// Between a half of *pause* and all of it, so that nodes do not come all at once.
milliseconds scattered(milliseconds pause) {
  thread_local std::minstd_rand random{std::random_device{}()};
  return milliseconds{
      std::uniform_int_distribution<milliseconds::rep>{pause.count() / 2, pause.count()}(random)};
}

std::string without_line_ends(std::string text) {
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

/// The five characters by which PostgreSQL names an error (manual, appendix A).
std::string_view code_of(const PGresult* result) {
  const auto* code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return code ? code : "";
}

/// Whether the server goes away, or cannot write (any more): another link is needed.
bool is_leaving(std::string_view code) {
  return code.starts_with("08") || code.starts_with("57P") || code == "25006";
}

/// Whether the same query may succeed now: it met another transaction.
bool may_pass_at_once(std::string_view code) { return code.starts_with("40"); }

/// The place at which the next attempt has to begin: behind the host that this one waits for. libpq
/// would begin with that host again, and never come to the others.
std::size_t place_behind_silent(const PGconn* connection, const std::vector<host_address>& all) {
  const auto text = [](const char* value) { return std::string_view{value ? value : ""}; };
  const auto is_silent = [&](const host_address& h) {
    return h.address == text(PQhostaddr(connection)) &&
           (h.host.port.empty() || h.host.port == text(PQport(connection)));
  };
  const auto i = std::ranges::find_if(all, is_silent);
  return i == all.end() ? 0 : static_cast<std::size_t>(i - all.begin()) + 1;
}

} // namespace

link::link(asio::io_context& loop, std::vector<std::pair<std::string, std::string>> parameters,
           std::vector<named_host> hosts, std::string channel, link_events events)
    : socket_(loop),
      retry_(loop),
      resolver_(loop),
      parameters_(std::move(parameters)),
      hosts_(std::move(hosts)),
      channel_(std::move(channel)),
      events_(std::move(events)) {}

link::~link() { let_go(); }

void link::close() {
  closed_ = true;
  sent_.clear();
  retry_.cancel();
  resolver_.cancel();
  let_go();
}

// -- to connect ----------------------------------------------------------------------------------

void link::connect() {
  if (closed_)
    return;
  ++turn_;
  targets_.clear();
  if (hosts_.empty())
    connect_now();
  else
    resolve(0);
}

/// Finds the addresses of the hosts from that one on, then connects.
void link::resolve(std::size_t index) {
  if (index == hosts_.size())
    return targets_.empty() ? broke("no host has an address") : connect_now();
  const auto then = [this, life = weak_from_this(), turn = turn_, index](
                        asio::error_code e, const asio::ip::tcp::resolver::results_type& found) {
    const auto alive = life.lock();
    if (!alive || turn != turn_ || closed_)
      return;
    if (!e)
      for (const auto& one : found)
        targets_.push_back({hosts_[index], one.endpoint().address().to_string()});
    resolve(index + 1);
  };
  resolver_.async_resolve(hosts_[index].name, "", then);
}

void link::connect_now() {
  since_ = clock::now();
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  const auto add = [&](const char* keyword, const std::string& value) {
    keywords.push_back(keyword);
    values.push_back(value.c_str());
  };
  for (const auto& [keyword, value] : parameters_)
    add(keyword.c_str(), value);
  // As libpq wants them: separated by commas.
  std::string names;
  std::string addresses;
  std::string ports;
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    const auto& t = targets_[(first_ + i) % targets_.size()];
    const std::string separator = i == 0 ? "" : ",";
    names += separator + t.host.name;
    addresses += separator + t.address;
    ports += separator + t.host.port;
  }
  if (!targets_.empty()) {
    add("host", names);
    add("hostaddr", addresses);
    add("port", ports);
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  connection_ = PQconnectStartParams(keywords.data(), values.data(), 1);
  poll(PGRES_POLLING_WRITING);
}

void link::poll(int state) {
  if (!connection_ || PQstatus(connection_) == CONNECTION_BAD || state == PGRES_POLLING_FAILED)
    return broke(reason());
  if (state == PGRES_POLLING_OK)
    return opened();
  const auto what = state == PGRES_POLLING_READING ? wait_type::wait_read : wait_type::wait_write;
  watch(what, [this] {
    // It may be another socket after each step.
    socket_.release();
    poll(PQconnectPoll(connection_));
  });
}

void link::opened() {
  if (PQsetnonblocking(connection_, 1) != 0 || PQenterPipelineMode(connection_) != 1)
    return broke(reason());
  PQsetNoticeProcessor(
      connection_, [](void*, const char*) {}, nullptr);
  open_ = true;
  pause_ = {};
  problem_.clear();
  if (socket_.is_open())
    socket_.release();
  if (!channel_.empty())
    send({"LISTEN " + channel_, {}, [](const query_result&) {}, clock::time_point::max()});
  if (!open_)
    return;
  read();
  events_.opened();
}

/// Calls *f* once the socket can be read or written, unless the link breaks before.
template <class F>
void link::watch(wait_type what, F f) {
  if (!socket_.is_open())
    socket_.assign(PQsocket(connection_));
  socket_.async_wait(what, [this, life = weak_from_this(), turn = turn_, f](asio::error_code e) {
    const auto alive = life.lock();
    if (alive && !e && turn == turn_ && connection_)
      f();
  });
}

// -- to ask --------------------------------------------------------------------------------------

void link::send(query q) {
  std::vector<const char*> values;
  for (const auto& v : q.values)
    values.push_back(v ? v->c_str() : nullptr);
  const auto was_sent =
      PQsendQueryParams(connection_, q.sql.c_str(), static_cast<int>(values.size()), nullptr,
                        values.data(), nullptr, nullptr, 0) == 1 &&
      PQpipelineSync(connection_) == 1;
  sent_.push_back({std::move(q), clock::now(), std::nullopt});
  if (!was_sent)
    return broke(reason());
  flush();
}

void link::flush() {
  const auto left = PQflush(connection_);
  if (left < 0)
    return broke(reason());
  if (left > 0 && !std::exchange(writing_, true))
    watch(wait_type::wait_write, [this] {
      writing_ = false;
      flush();
    });
}

// -- results -------------------------------------------------------------------------------------

void link::read() {
  watch(wait_type::wait_read, [this] {
    const auto turn = turn_;
    if (PQconsumeInput(connection_) != 1)
      return broke(reason());
    take_results();
    if (turn != turn_ || !open_)
      return;
    take_notices();
    if (PQstatus(connection_) == CONNECTION_BAD)
      return broke(reason());
    flush();
    if (open_)
      read();
  });
}

void link::take_results() {
  // The results of each query end with a null, and then a synchronisation point.
  auto nulls = 0;
  while (open_ && !sent_.empty() && nulls < 2 && PQisBusy(connection_) == 0) {
    auto* result = PQgetResult(connection_);
    if (!result) {
      ++nulls;
      continue;
    }
    nulls = 0;
    take_result(result);
  }
}

void link::take_result(pg_result* result) {
  auto& first = sent_.front();
  switch (PQresultStatus(result)) {
  case PGRES_PIPELINE_SYNC:
    PQclear(result);
    return finish_first();
  case PGRES_TUPLES_OK:
  case PGRES_COMMAND_OK:
    if (!first.result)
      first.result.emplace(rows{result, first.what.repeated});
    else
      PQclear(result);
    return;
  default:
    break;
  }
  const std::string code{code_of(result)};
  auto text = without_line_ends(PQresultErrorMessage(result));
  PQclear(result);
  if (is_leaving(code))
    return broke(std::move(text));
  first.may_pass = may_pass_at_once(code);
  first.result.emplace(query_failure{false, std::move(text)});
}

void link::finish_first() {
  auto first = std::move(sent_.front());
  sent_.pop_front();
  if (first.may_pass) {
    ++first.what.refusals;
    return events_.refused(std::move(first.what));
  }
  first.what.then(first.result ? *std::move(first.result)
                               : query_failure{false, "the server gave no result"});
}

void link::take_notices() {
  while (auto* notice = PQnotifies(connection_)) {
    std::string text{notice->extra};
    PQfreemem(notice);
    if (events_.noticed)
      events_.noticed(std::move(text));
  }
}

// -- to break ------------------------------------------------------------------------------------

bool link::check(clock::time_point now, milliseconds limit) {
  if (!connection_)
    return false;
  if (!open_ && now - since_ > limit) {
    first_ = place_behind_silent(connection_, targets_);
    broke("no connection in time");
  }
  if (sent_.empty())
    return false;
  const auto is_late = now - sent_.front().at > limit || now > sent_.front().what.until;
  if (is_late)
    broke("no answer in time");
  return is_late;
}

void link::renew_if_idle() {
  if (open_ && sent_.empty())
    broke("another link is silent");
}

void link::let_go() {
  ++turn_;
  open_ = writing_ = false;
  if (socket_.is_open())
    socket_.release();
  PQfinish(std::exchange(connection_, nullptr));
}

void link::broke(std::string why) {
  problem_ = std::move(why);
  let_go();
  if (closed_)
    return;
  std::deque<query> unanswered;
  for (auto& s : std::exchange(sent_, {})) {
    if (s.what.until == clock::time_point::max()) // A new link listens by itself.
      continue;
    s.what.repeated = true;
    unanswered.push_back(std::move(s.what));
  }
  pause_ = std::clamp(2 * pause_, shortest_pause, longest_pause);
  retry_.expires_after(scattered(pause_));
  retry_.async_wait([this, life = weak_from_this()](asio::error_code e) {
    const auto alive = life.lock();
    if (alive && !e)
      connect();
  });
  events_.broke(std::move(unanswered));
}

std::string link::reason() const {
  return connection_ ? without_line_ends(PQerrorMessage(connection_)) : "no memory";
}

} // namespace nekod::postgres
