#include "http/server/gate/api_keys.hpp"
#include "http/server/gate/key_lines.hpp"
#include "http/server/message/exchange.hpp"
#include "tests/fuzz/promise.hpp"
#include "tests/fuzz/targets.hpp"

#include <algorithm>
#include <string>

namespace nekod::fuzz {
namespace {

/// An error message goes to logs, and a key may be anywhere in the file by mistake.
void check_complaint(const std::string& complaint, std::string_view input) {
  check(complaint.find_first_of("\r\n") == complaint.npos, "a complaint is one line");
  constexpr std::size_t shortest_secret = 12;
  constexpr std::string_view own_words =
      "A-Z a-z 0-9 _ . - sha256: rate-limit=\"...\" chat-rate-limit="
      "\"10 per minute; 200 per day\" created=... 2026-11-30T18:00:00Z";
  for (std::size_t i = 0; i + shortest_secret <= input.size(); ++i) {
    const auto part = input.substr(i, shortest_secret);
    const auto is_word = std::all_of(part.begin(), part.end(), [](char c) { return c > ' '; });
    check(!is_word || own_words.find(part) != own_words.npos ||
              complaint.find(part) == complaint.npos,
          "a complaint quotes nothing");
  }
}

/// Writing a holder's line and reading it gives the same holder.
void write_again(const http::api_keys::entry& e) {
  const std::string key = "sk-nekod-of-the-fuzzer";
  const auto again = http::parse_api_keys(http::key_line(key, e.key));
  check(bool{again}, "a line that is written is read back");
  const auto* found = again->find(key);
  check(found != nullptr && found->key == e.key, "a holder is read back");
}

/// A key that is removed, or changed, leaves all others.
void edit(std::string_view text, const http::api_keys& keys) {
  for (const auto& e : keys.entries()) {
    const auto without = http::parse_api_keys(http::without_key(text, e.hash));
    check(without && without->size() + 1 == keys.size(), "one key is removed");
    auto holder = e.key;
    holder.admin = !holder.admin;
    const auto changed = http::parse_api_keys(http::with_changed_key(text, e.hash, holder));
    check(changed && changed->size() == keys.size(), "a changed key leaves the others");
  }
}

/// The key in a request with such fields.
void present(std::string_view input) {
  http::request r;
  r.headers = {{"Authorization", std::string{input}}, {"x-api-key", std::string{input}}};
  const auto key = http::presented_key(r);
  check(input.find(key) != input.npos, "a key is part of what was sent");
  check(http::api_keys{}.find(key) == nullptr, "without keys nobody gets in");
}

} // namespace

void key_file(std::string_view input) {
  present(input);
  const auto keys = http::parse_api_keys(input);
  if (!keys)
    return check_complaint(keys.error(), input);
  check(keys->find("") == nullptr, "no key is no key");
  for (const auto& e : keys->entries()) {
    check(http::valid_tenant(e.key.tenant), "a tenant has a good name");
    const auto same = std::count_if(keys->entries().begin(), keys->entries().end(),
                                    [&](const auto& other) { return other.hash == e.hash; });
    check(same == 1, "a hash stands for one holder");
    write_again(e);
  }
  edit(input, *keys);
}

} // namespace nekod::fuzz
