#include "http/server/api/sessions/session_query.hpp"
#include "http/server/gate/client_address.hpp"
#include "http/server/message/exchange.hpp"
#include "http/server/message/path.hpp"
#include "protocol/chat/request.hpp"
#include "protocol/chat/retries.hpp"
#include "tests/fuzz/promise.hpp"
#include "tests/fuzz/targets.hpp"

#include <cctype>
#include <cmath>
#include <string>

namespace nekod::fuzz {
namespace {

void check_path(std::string_view raw) {
  const auto path = http::endpoint_path(raw);
  check(path.starts_with('/'), "a path begins at the root");
  check(path.find("//") == path.npos, "no slash is doubled");
  check(path.size() == 1 || !path.ends_with('/'), "no slash is last");
  const auto plain = raw.find('%') == raw.npos;
  const auto decoded = http::decode_percent(raw);
  check(!plain || (decoded && *decoded == raw), "what has no code stays as it is");
  check(!decoded || decoded->size() <= raw.size(), "decoding makes nothing longer");
}

void check_query(std::string_view query) {
  const std::chrono::system_clock::time_point now{std::chrono::seconds{1'700'000'000}};
  if (const auto list = http::parse_session_list(query)) {
    const auto& page = list->page;
    check(page.limit >= 1 && page.limit <= largest_page, "a page has a bound");
    if (page.after)
      check(parse_place(to_text(*page.after)) == page.after, "a place is read back");
  }
  if (const auto filter = http::parse_session_filter(query, now))
    check(!query.empty(), "nothing is no way to mean all");
  static_cast<void>(http::query_says(query, "refresh"));
}

void check_id(std::string_view id) {
  auto good = !id.empty() && id.size() <= 128;
  for (const auto c : id)
    good = good && c > 0 && (std::isalnum(c) != 0 || c == '_' || c == '.' || c == ':' || c == '-');
  check(chat::valid_session_id(id) == good, "an id is of its alphabet");
}

void check_client(std::string_view forwarded) {
  const auto networks = http::parse_networks("127.0.0.1, 10.0.0.0/8, fd00::/8");
  const auto client = http::client_address("127.0.0.1", forwarded, *networks);
  check(http::parse_ip_address(client).has_value(), "behind a proxy there is an address");
  check(http::client_address("192.0.2.1", forwarded, *networks) == "192.0.2.1",
        "a stranger is not believed");
  check(!http::rate_key(client).empty(), "every address is counted under a name");
  if (const auto address = http::parse_ip_address(forwarded))
    check(http::parse_ip_address(http::to_text(*address)) == address, "an address is read back");
  if (const auto all = http::parse_networks(forwarded))
    for (const auto& n : *all)
      check(n.prefix <= 128 && n.contains(n.address), "a network holds its first address");
}

void check_retries(std::string_view field) {
  const auto r = chat::parse_retries(std::string{field}, field, field, {});
  check(!r.patience || std::isfinite(r.patience->count()), "a client's patience is a number");
  static_cast<void>(r.may_repeat());
  static_cast<void>(r.returns_after(std::chrono::seconds{1}, false));
}

} // namespace

/// Everything in a request's first line and its fields.
void addresses(std::string_view input) {
  check_path(input);
  check_query(input);
  check_id(input);
  check_client(input);
  check_retries(input);
}

} // namespace nekod::fuzz
