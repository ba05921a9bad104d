#include "http/server/api/passing/pass_fields.hpp"

#include "protocol/text/words.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nekod::http {

namespace {

/// Fields of one connection (RFC 9110, 7.6.1), and of the message's framing.
constexpr std::array<std::string_view, 12> hop_by_hop{
    "connection",        "keep-alive",       "te",     "trailer",
    "transfer-encoding", "upgrade",          "expect", "content-length",
    "http2-settings",    "proxy-connection", "host",   "alt-svc"};

/// Fields of a request: the client's credentials, account, address and browser.
constexpr std::array<std::string_view, 17> of_the_client{
    "authorization",  "cookie",       "cookie2",      "forwarded",   "via",  "x-real-ip",
    "true-client-ip", "cdn-loop",     "origin",       "referer",     "from", "openai-organization",
    "openai-project", "x-request-id", "x-session-id", "x-client-ip", "dnt"};

/// More of them, by their prefixes.
constexpr std::array<std::string_view, 7> of_the_client_beginning{
    "proxy-", "x-forwarded-", "sec-", "cf-", "x-nekod-", "access-control-", "x-amz-"};

/// Parts of names in which some clients and servers send keys.
constexpr std::array<std::string_view, 6> secret_words{
    "api-key", "apikey", "token", "secret", "credentials", "subscription-key"};

/// Fields of an answer: the upstream's software, our account there, and rules for browsers.
constexpr std::array<std::string_view, 22> of_the_upstream{"set-cookie",
                                                           "set-cookie2",
                                                           "server",
                                                           "via",
                                                           "x-powered-by",
                                                           "date",
                                                           "x-request-id",
                                                           "www-authenticate",
                                                           "strict-transport-security",
                                                           "public-key-pins",
                                                           "nel",
                                                           "report-to",
                                                           "reporting-endpoints",
                                                           "clear-site-data",
                                                           "location",
                                                           "openai-organization",
                                                           "openai-project",
                                                           "vary",
                                                           "x-upstream",
                                                           "authentication-info",
                                                           "refresh",
                                                           "content-security-policy"};

constexpr std::array<std::string_view, 5> of_the_upstream_beginning{
    "proxy-", "access-control-", "cf-", "cross-origin-", "x-nekod-"};

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(), to_lower);
  return result;
}

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& all, std::string_view name) {
  return std::find(all.begin(), all.end(), name) != all.end();
}

template <std::size_t N>
bool begins_with_one_of(const std::array<std::string_view, N>& all, std::string_view name) {
  return std::any_of(all.begin(), all.end(),
                     [&](auto start) { return name.substr(0, start.size()) == start; });
}

bool names_a_secret(std::string_view name) {
  return std::any_of(secret_words.begin(), secret_words.end(),
                     [&](auto word) { return name.find(word) != std::string_view::npos; });
}

/// Calls *f* with each word of a list separated by commas.
template <class Use>
void for_each_word(std::string_view list, Use f) {
  while (!list.empty()) {
    auto end = std::min(list.find(','), list.size());
    if (auto word = trim(list.substr(0, end)); !word.empty())
      f(word);
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

/// The fields that the message's `Connection` names belong to its connection only.
std::vector<std::string> connection_words(const fields& all) {
  std::vector<std::string> result;
  for (const auto& [name, value] : all)
    if (same_word(name, "Connection"))
      for_each_word(value, [&](auto word) { result.push_back(lower(word)); });
  return result;
}

/// The fields that do not belong to their connection and that *drops* does not refuse; names in
/// lower case.
template <class Test>
fields kept_of(const fields& all, Test drops) {
  const auto of_connection = connection_words(all);
  fields result;
  for (const auto& [raw, value] : all) {
    auto name = lower(raw);
    auto listed = std::find(of_connection.begin(), of_connection.end(), name);
    // A body would change its meaning without these, whatever `Connection` says.
    auto essential = name == "content-type" || name == "content-encoding";
    if (is_one_of(hop_by_hop, name) || drops(name) || (listed != of_connection.end() && !essential))
      continue;
    result.emplace_back(std::move(name), value);
  }
  return result;
}

} // namespace

fields passed_on(const fields& request) {
  return kept_of(request, [](std::string_view name) {
    return is_one_of(of_the_client, name) || begins_with_one_of(of_the_client_beginning, name) ||
           names_a_secret(name);
  });
}

fields passed_back(const fields& answer) {
  return kept_of(answer, [](std::string_view name) {
    return is_one_of(of_the_upstream, name) || begins_with_one_of(of_the_upstream_beginning, name);
  });
}

fields relayed_back(const fields& answer) {
  return kept_of(answer, [](std::string_view name) {
    return name == "date" || name == "server" || name == "x-request-id";
  });
}

std::optional<std::uint64_t> length_of(const fields& answer) {
  auto i = std::find_if(answer.begin(), answer.end(),
                        [](const auto& f) { return same_word(f.first, "Content-Length"); });
  if (i == answer.end())
    return std::nullopt;
  std::uint64_t result = 0;
  const auto& text = i->second;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (ec != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return result;
}

bool asks_for_upgrade(const request& r) {
  auto result = false;
  for (const auto& [name, value] : r.headers)
    if (same_word(name, "Upgrade"))
      for_each_word(value, [&](auto word) { result = result || !same_word(word, "h2c"); });
  return result;
}

} // namespace nekod::http
