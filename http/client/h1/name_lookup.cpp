#include "http/client/h1/name_lookup.hpp"

#include <arpa/inet.h>
#include <asio/post.hpp>
#include <netdb.h>

#include <cstring>
#include <iterator>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace nekod::http {

namespace {

/// As libcurl does it.
constexpr std::chrono::seconds known_for{60};

/// A lookup that has run for longer is not joined: the resolver may be waiting for a dead name
/// server, so a new lookup begins.
constexpr std::chrono::milliseconds joinable_for{500};

/// With that many lookups under way, a request joins one for its host, if there is one, however
/// long that has run.
constexpr std::size_t most_questions = 32;

void set_port(socket_address& address, std::uint16_t port) {
  if (address.any.sa_family == AF_INET6)
    address.v6.sin6_port = htons(port);
  else
    address.v4.sin_port = htons(port);
}

std::vector<socket_address> with_port(std::vector<socket_address> addresses, std::uint16_t port) {
  for (auto& address : addresses)
    set_port(address, port);
  return addresses;
}

socket_address ipv6_address(const in6_addr& address) {
  socket_address result{};
  result.v6.sin6_family = AF_INET6;
  result.v6.sin6_addr = address;
  return result;
}

socket_address ipv4_address(const in_addr& address) {
  socket_address result{};
  result.v4.sin_family = AF_INET;
  result.v4.sin_addr = address;
  return result;
}

/// The addresses of this machine, or the one that *host* is; else none.
std::vector<socket_address> literal(const std::string& host) {
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1)
    return {ipv4_address(v4)};
  in6_addr v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6) == 1)
    return {ipv6_address(v6)};
  // RFC 6761, section 6.3.
  if (host == "localhost" || host.ends_with(".localhost")) {
    v4.s_addr = htonl(INADDR_LOOPBACK);
    return {ipv6_address(in6addr_loopback), ipv4_address(v4)};
  }
  return {};
}

} // namespace

struct name_lookup::mailbox {
  std::mutex mutex;
  asio::io_context* loop;
  name_lookup* owner;
};

/// Blocks for as long as name servers take.
name_lookup::answer name_lookup::resolve(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  answer result;
  if (const auto error = getaddrinfo(host.c_str(), nullptr, &hints, &list); error != 0) {
    result.may_change = error == EAI_AGAIN;
    return result;
  }
  for (const auto* i = list; i; i = i->ai_next) {
    socket_address address{};
    if (i->ai_addrlen > sizeof address || (i->ai_family != AF_INET && i->ai_family != AF_INET6))
      continue;
    std::memcpy(&address, i->ai_addr, i->ai_addrlen);
    result.addresses.push_back(address);
  }
  freeaddrinfo(list);
  return result;
}

name_lookup::name_lookup(asio::io_context& loop) : mailbox_(std::make_shared<mailbox>()) {
  mailbox_->loop = &loop;
  mailbox_->owner = this;
}

name_lookup::~name_lookup() {
  std::lock_guard guard{mailbox_->mutex};
  mailbox_->owner = nullptr;
}

std::vector<socket_address> name_lookup::known(const std::string& host, std::uint16_t port,
                                               clock::time_point now) {
  if (auto found = literal(host); !found.empty())
    return with_port(std::move(found), port);
  const auto i = known_.find(host);
  if (i == known_.end())
    return {};
  if (i->second.until > now)
    return with_port(i->second.addresses, port);
  known_.erase(i);
  return {};
}

void name_lookup::ask(const std::string& host, std::uint16_t port, clock::time_point now,
                      on_found f) {
  if (const auto i = newest_.find(host); i != newest_.end()) {
    auto& running = questions_.at(i->second);
    if (now - running.asked < joinable_for || questions_.size() >= most_questions) {
      running.askers.emplace_back(port, std::move(f));
      return;
    }
  }
  ask(host, now, {now, {{port, std::move(f)}}});
}

void name_lookup::ask(const std::string& host, clock::time_point now, question what) {
  const auto number = ++last_number_;
  newest_[host] = number;
  what.asked = now;
  questions_[number] = std::move(what);
  auto tell = [box = mailbox_, host, number](answer found) {
    std::lock_guard guard{box->mutex};
    if (!box->owner)
      return;
    asio::post(*box->loop, [box, host, number, found = std::move(found)] {
      // The owner ends on the loop, or after it.
      if (box->owner)
        box->owner->answered(host, number, found);
    });
  };
  try {
    std::thread{[host, tell] { tell(resolve(host)); }}.detach();
  } catch (const std::system_error&) {
    tell({});
  }
}

void name_lookup::answered(const std::string& host, std::uint64_t number, const answer& what) {
  const auto i = questions_.find(number);
  if (i == questions_.end())
    return;
  auto asked = std::move(i->second);
  questions_.erase(i);
  if (const auto newest = newest_.find(host); newest != newest_.end() && newest->second == number)
    newest_.erase(newest);
  const auto now = clock::now();
  if (!what.addresses.empty())
    known_[host] = {now + known_for, what.addresses};
  auto& askers = asked.askers;
  if (what.may_change && askers.size() > 1) {
    question again{now, {std::next(askers.begin()), askers.end()}};
    askers.erase(std::next(askers.begin()), askers.end());
    ask(host, now, std::move(again));
  }
  for (const auto& [port, f] : askers)
    f(with_port(what.addresses, port));
}

} // namespace nekod::http
