#include "http/server/gate/admission.hpp"

#include "actors/runtime/unix_time.hpp"
#include "protocol/text/words.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string_view>
#include <utility>

namespace nekod::http {

namespace {

using chat::failure_code;

constexpr const char* request_limit = "requests";
constexpr const char* chat_limit = "chat";

std::string name_of(const std::string& kind, const rate_limit& limit) {
  return kind + ' ' + to_text(limit);
}

bool is_loopback(const std::string& address) {
  return address == "::1" || address.compare(0, 4, "127.") == 0;
}

/// The name under which a caller's requests are counted; a tenant may have an address as its name.
std::string bucket_of(const caller& who) {
  return who.tenant.empty() ? "address:" + rate_key(who.address) : "key:" + who.tenant;
}

/// The requests that foreign pages may send, and how to allow more.
constexpr const char* for_pages =
    " may only read models and health, and send chats as application/json that name no session; "
    "--cors-origins can allow more";

} // namespace

std::optional<chat::failure> refusal_of(request_source source, const request& r, bool by_name) {
  switch (source) {
  case request_source::program:
  case request_source::known_page:
    return std::nullopt;
  case request_source::unknown_host: {
    auto host = r.authority.empty() ? r.header("Host") : std::string_view{r.authority};
    return chat::failure{failure_code::host_not_allowed,
                         {},
                         in_backquotes(host) + "; names can be allowed with --allowed-hosts"};
  }
  case request_source::foreign_page:
    return chat::failure{
        failure_code::origin_not_allowed,
        {},
        in_backquotes(r.header("Origin")) +
            (by_name ? "; origins can be allowed with --cors-origins" : for_pages)};
  case request_source::foreign_element:
    break;
  }
  return chat::failure{
      failure_code::origin_not_allowed,
      {},
      "embedded in a page of another site; its origin can be allowed with --cors-origins"};
}

admission::admission(admission_rules rules, std::shared_ptr<metrics> counts)
    : counts_(std::move(counts)), state_(std::make_shared<state>()) {
  use(std::move(rules));
}

void admission::use(admission_rules rules) {
  auto next = std::make_shared<state>();
  next->rules = std::move(rules);
  auto before = now();
  auto add = [&](const char* kind, const rate_limit& limit) {
    auto name = name_of(kind, limit);
    if (limit.rates.empty() || next->counting.count(name) > 0)
      return;
    auto i = before->counting.find(name);
    next->counting.emplace(
        name, i != before->counting.end() ? i->second : std::make_shared<rate_limiter>(limit));
  };
  add(request_limit, next->rules.requests);
  add(chat_limit, next->rules.chats);
  if (next->rules.keys) {
    for (const auto& [hash, key] : next->rules.keys->entries()) {
      if (key.requests)
        add(request_limit, *key.requests);
      if (key.chats)
        add(chat_limit, *key.chats);
    }
  }
  keep_use(*next, *before);
  std::lock_guard guard{mutex_};
  state_ = std::move(next);
}

void admission::use(api_keys keys) {
  auto rules = now()->rules;
  rules.keys = std::move(keys);
  use(std::move(rules));
}

/// Takes over when keys were used from the state before.
void admission::keep_use(state& next, const state& before) {
  if (!next.rules.keys)
    return;
  std::map<key_hash, std::shared_ptr<std::atomic<std::int64_t>>> known;
  for (std::size_t i = 0; i < before.used.size(); ++i)
    known.emplace(before.rules.keys->entries()[i].hash, before.used[i]);
  for (const auto& e : next.rules.keys->entries()) {
    auto i = known.find(e.hash);
    next.used.push_back(i != known.end() ? i->second
                                         : std::make_shared<std::atomic<std::int64_t>>(0));
  }
}

std::vector<key_in_use> admission::keys() const {
  auto current = now();
  std::vector<key_in_use> result;
  for (std::size_t i = 0; i < current->used.size(); ++i)
    result.push_back({current->rules.keys->entries()[i], current->used[i]->load()});
  return result;
}

std::optional<key_hash> admission::key_of(const request& r) const {
  auto current = now();
  const auto* found = current->rules.keys ? current->rules.keys->find(presented_key(r)) : nullptr;
  return found ? std::optional{found->hash} : std::nullopt;
}

std::shared_ptr<const admission::state> admission::now() const {
  std::lock_guard guard{mutex_};
  return state_;
}

caller admission::identify(const request& r) const {
  auto current = now();
  caller result;
  result.address = client_address(r, current->rules.trusted_proxies);
  if (!current->rules.keys) {
    result.admin = true;
    return result;
  }
  if (const auto* found = current->rules.keys->find(presented_key(r))) {
    const auto& key = found->key;
    result.tenant = key.tenant;
    result.admin = key.admin;
    result.requests = key.requests;
    result.chats = key.chats;
    const auto index = static_cast<std::size_t>(found - current->rules.keys->entries().data());
    current->used[index]->store(unix_time(), std::memory_order_relaxed);
  }
  return result;
}

bool admission::knows(const caller& who) const { return !who.tenant.empty() || !now()->rules.keys; }

admission::callers_limiters admission::limiters_of(const state& current, const caller& who) {
  auto find = [&](const char* kind, const rate_limit& limit) {
    auto i = current.counting.find(name_of(kind, limit));
    return i == current.counting.end() ? nullptr : i->second.get();
  };
  return {find(request_limit, who.requests.value_or(current.rules.requests)),
          find(chat_limit, who.chats.value_or(current.rules.chats))};
}

chat::failure admission::refused(const char* kind, std::chrono::seconds wait) const {
  counts_->rate_limited(kind);
  chat::failure result{failure_code::rate_limit_exceeded};
  result.retry_after = wait;
  return result;
}

std::optional<chat::failure> admission::refusal(const caller& who, bool chat) const {
  auto current = now();
  if (current->counting.empty())
    return std::nullopt;
  auto time = std::chrono::steady_clock::now();
  auto bucket = bucket_of(who);
  auto [requests, chats] = limiters_of(*current, who);
  if (requests != nullptr)
    if (auto wait = requests->take(bucket, time))
      return refused(request_limit, *wait);
  if (chats == nullptr || !chat)
    return std::nullopt;
  auto wait = chats->take(bucket, time);
  if (!wait)
    return std::nullopt;
  // A request that is refused after all is not counted.
  if (requests != nullptr)
    requests->refund(bucket);
  return refused(chat_limit, *wait);
}

std::optional<chat::failure> admission::further_refusal(const caller& who,
                                                        std::uint32_t turns) const {
  auto current = now();
  auto [requests, chats] = limiters_of(*current, who);
  if (chats == nullptr)
    return std::nullopt;
  auto bucket = bucket_of(who);
  auto possible = turns < chats->most_at_once();
  auto wait = possible ? chats->take(bucket, std::chrono::steady_clock::now(), turns)
                       : std::optional<std::chrono::seconds>{0};
  if (!wait)
    return std::nullopt;
  chats->refund(bucket);
  if (requests != nullptr)
    requests->refund(bucket);
  if (possible)
    return refused(chat_limit, *wait);
  return chat::failure{failure_code::invalid_value, "n",
                       "the rate limit allows at most " + std::to_string(chats->most_at_once()) +
                           " answers in one request"};
}

limit_request admission::limit_request_of(const caller& who, int requests, int chats) const {
  auto current = now();
  limit_request q;
  if (current->counting.empty())
    return q;
  q.bucket = q.charge.caller = bucket_of(who);
  auto add = [&](const char* kind, const rate_limit& limit, int count) {
    const auto name = name_of(kind, limit);
    const auto i = current->counting.find(name);
    if (i == current->counting.end())
      return std::shared_ptr<rate_limiter>{};
    auto number = 0;
    for (const auto& shape : i->second->shapes())
      q.charge.buckets.push_back({name + " #" + std::to_string(++number) + ' ' + q.bucket,
                                  shape.interval, shape.whole, count});
    return i->second;
  };
  q.requests = add(request_limit, who.requests.value_or(current->rules.requests), requests);
  q.chats = add(chat_limit, who.chats.value_or(current->rules.chats), chats);
  return q;
}

std::optional<chat::failure> admission::refusal(const limit_request& q,
                                                const limit_verdict& v) const {
  const auto& buckets = q.charge.buckets;
  if (v.full_in.size() != buckets.size())
    return std::nullopt;
  const auto time = std::chrono::steady_clock::now();
  const auto requests = static_cast<std::ptrdiff_t>(q.requests ? q.requests->shapes().size() : 0);
  auto adopt = [&](rate_limiter* limiter, std::ptrdiff_t begin, std::ptrdiff_t end) {
    if (limiter == nullptr)
      return;
    if (!v.passes && buckets[static_cast<std::size_t>(begin)].count > 0)
      limiter->refund(q.bucket);
    limiter->adopt(q.bucket, time, {v.full_in.begin() + begin, v.full_in.begin() + end});
  };
  adopt(q.requests.get(), 0, requests);
  adopt(q.chats.get(), requests, static_cast<std::ptrdiff_t>(buckets.size()));
  if (v.passes)
    return std::nullopt;
  const char* kind = nullptr;
  std::chrono::nanoseconds wait{1};
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    const auto& b = buckets[i];
    const auto lacking = v.full_in[i] + b.interval * b.count - b.whole;
    if (b.count <= 0 || lacking.count() <= 0)
      continue;
    if (kind == nullptr)
      kind = static_cast<std::ptrdiff_t>(i) < requests ? request_limit : chat_limit;
    wait = std::max(wait, lacking);
  }
  return refused(kind == nullptr ? request_limit : kind,
                 std::chrono::ceil<std::chrono::seconds>(wait));
}

std::vector<limit_standing> admission::standing_of(const caller& who) const {
  auto current = now();
  auto bucket = bucket_of(who);
  auto time = std::chrono::steady_clock::now();
  std::vector<limit_standing> result;
  auto add = [&](const char* kind, const rate_limiter* counting, const rate_limit& limit) {
    if (counting == nullptr)
      return;
    auto left = counting->left(bucket, time);
    for (std::size_t i = 0; i < left.size(); ++i)
      result.push_back({kind, limit.rates[i].count, limit.rates[i].period, left[i]});
  };
  auto [requests, chats] = limiters_of(*current, who);
  add(request_limit, requests, who.requests.value_or(current->rules.requests));
  add(chat_limit, chats, who.chats.value_or(current->rules.chats));
  return result;
}

std::optional<chat::failure> admission::watch_refusal(const caller& who, const request& r) const {
  if (who.admin)
    return std::nullopt;
  if (!is_loopback(who.address))
    return chat::failure{failure_code::invalid_api_key};
  return refusal_of(source_of(r), r, names_origins());
}

bool admission::may_pass_all(const caller& who, bool behind_proxy) const {
  return now()->rules.keys ? who.admin : is_loopback(who.address) && !behind_proxy;
}

} // namespace nekod::http
