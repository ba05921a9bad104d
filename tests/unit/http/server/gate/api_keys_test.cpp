#include "http/server/gate/api_keys.hpp"
#include "http/server/message/exchange.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

using namespace nekod::http;
using namespace std::chrono_literals;

namespace {

/// Keys, and their hashes as `printf KEY | sha256sum` gives them.
constexpr std::string_view alice = "sk-nekod-of-alice";
constexpr std::string_view bob = "sk-nekod-of-bob";
const std::string alice_hash =
    "sha256:10bb5492421319e663b067cfb92a5d769d13251e2c58d0c4ae331cc2de224c3c";
const std::string bob_hash =
    "sha256:7deb3e245e4f481cc576a27e266e58d163350ce921b14ea2f578e616c1a25cc3";

api_keys parse(const std::string& text) {
  auto parsed = parse_api_keys(text);
  REQUIRE_MESSAGE(parsed, (parsed ? "" : parsed.error()));
  return *parsed;
}

std::string error_of(const std::string& text) {
  auto parsed = parse_api_keys(text);
  REQUIRE_MESSAGE(!parsed, text);
  return parsed.error();
}

/// The entry of alice's key in a file of one line.
api_key holder(const std::string& line) {
  auto keys = parse(line);
  const auto* found = keys.find(alice);
  REQUIRE(found);
  return found->key;
}

/// A line with alice's key for *tenant*.
std::string line_of(std::string tenant) { return tenant.append(" ").append(alice_hash); }

request with(fields headers) {
  request r;
  r.headers = std::move(headers);
  return r;
}

} // namespace

// -- finding -------------------------------------------------------------------------------------

TEST_CASE("a key is found by its hash") {
  auto keys = parse("alice " + alice_hash + " admin\nbob " + bob_hash + "\n");
  CHECK(keys.size() == 2);
  REQUIRE(keys.find(alice));
  CHECK(keys.find(alice)->key.tenant == "alice");
  CHECK(keys.find(alice)->key.admin);
  REQUIRE(keys.find(bob));
  CHECK(keys.find(bob)->key.tenant == "bob");
  CHECK_FALSE(keys.find(bob)->key.admin);
}

TEST_CASE("a wrong key is refused, however similar it is") {
  auto keys = parse("alice " + alice_hash);
  CHECK_FALSE(keys.find(""));
  CHECK_FALSE(keys.find("sk-nekod-of-alicf"));
  CHECK_FALSE(keys.find("sk-nekod-of-alic"));
  CHECK_FALSE(keys.find("sk-nekod-of-alice "));
  CHECK_FALSE(keys.find("SK-nekod-of-alice"));
  CHECK_FALSE(keys.find("alice"));
  CHECK_FALSE(keys.find(alice_hash));
  CHECK_FALSE(keys.find(std::string_view("sk-nekod-of-alice\0", 18)));
}

TEST_CASE("each part of a hash counts") {
  for (std::size_t i = 7; i < alice_hash.size(); ++i) {
    auto hash = alice_hash;
    hash[i] = hash[i] == '0' ? '1' : '0';
    CHECK_FALSE(parse("alice " + hash).find(alice));
  }
}

TEST_CASE("without keys nobody is let in") {
  CHECK_FALSE(api_keys{}.find(alice));
  CHECK_FALSE(parse("# none yet\n").find(alice));
}

TEST_CASE("the hash of the empty text lets nobody in") {
  auto keys = parse("a sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK_FALSE(keys.find(""));
}

// -- the file ------------------------------------------------------------------------------------

TEST_CASE("two keys may belong to one tenant") {
  auto keys = parse("alice " + alice_hash + "\nalice " + bob_hash);
  REQUIRE(keys.find(alice));
  REQUIRE(keys.find(bob));
  CHECK(keys.find(alice)->key.tenant == keys.find(bob)->key.tenant);
}

TEST_CASE("comments, empty lines and blanks do not matter") {
  auto keys = parse("# keys\r\n\r\n \t \n  # more: \"\n\talice \t " + alice_hash +
                    "  admin # of 2025: \"\r\nbob " + bob_hash + " #admin\n\n");
  CHECK(keys.size() == 2);
  CHECK(keys.find(alice)->key.admin);
  CHECK_FALSE(keys.find(bob)->key.admin);
  CHECK(parse("").size() == 0);
}

TEST_CASE("hashes may be in capitals") {
  auto hash = alice_hash;
  std::transform(hash.begin() + 7, hash.end(), hash.begin() + 7,
                 [](char c) { return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c; });
  CHECK(holder("alice " + hash).tenant == "alice");
}

TEST_CASE("a key may have limits of its own") {
  auto key = holder("alice " + alice_hash);
  CHECK_FALSE(key.requests);
  CHECK_FALSE(key.chats);
  key = holder("alice " + alice_hash +
               " chat-rate-limit=5/hour rate-limit=\"200 per day; 10 per minute\" admin");
  CHECK(key.requests == rate_limit{{{200, 24h}, {10, 1min}}});
  CHECK(key.chats == rate_limit{{{5, 1h}}});
  CHECK(key.admin);
}

TEST_CASE("an empty limit means no limit, which differs from no limit of its own") {
  auto key = holder("alice " + alice_hash + " rate-limit=\"\"");
  CHECK(key.requests == rate_limit{});
  CHECK_FALSE(key.chats);
}

TEST_CASE("names consist of a few characters") {
  for (const auto& name : {std::string{"a"}, std::string{"A.b-c_9"}, std::string(64, 'x')}) {
    CHECK(valid_tenant(name));
    CHECK(holder(line_of(name)).tenant == name);
  }
  for (const auto& name : {std::string{"a/b"}, std::string{"\u732b"}, std::string(65, 'x'),
                           std::string{"a:b"}, std::string{"a=b"}}) {
    CHECK_FALSE(valid_tenant(name));
    CHECK(error_of(line_of(name)) ==
          "line 1: the name must be 1 to 64 characters of A-Z a-z 0-9 _ . -");
  }
  CHECK_FALSE(valid_tenant(""));
  CHECK_FALSE(valid_tenant("a b"));
  CHECK_FALSE(valid_tenant("a\n"));
}

TEST_CASE("a fault is reported with the number of its line") {
  auto good = "alice " + alice_hash + "\n";
  CHECK(error_of("# one\n\n" + good + "bob\n") ==
        "line 4: the name must be followed by sha256: and 64 hex digits");
  CHECK(error_of(good + "bob " + bob_hash + " rate-limit=\"10 per cat\"") ==
        "line 2: rate-limit is not a rate limit such as \"10 per minute; 200 per day\"");
  CHECK(error_of(good + "bob " + bob_hash + " chat-rate-limit=\"0 per day\"") ==
        "line 2: chat-rate-limit is not a rate limit such as "
        "\"10 per minute; 200 per day\"");
  CHECK(error_of(good + "bob " + bob_hash + " rate-limit=1/day rate-limit=") ==
        "line 2: rate-limit is given twice");
  CHECK(error_of(good + "bob " + alice_hash) == "line 2: an earlier line has the same hash");
  for (const auto* word : {"Admin", "owner", "admin=yes", "rate-limit", "limit=1/day", "="})
    CHECK(error_of("bob " + bob_hash + " " + word) ==
          "line 1: the hash may be followed only by admin, rate-limit=\"...\", "
          "chat-rate-limit=\"...\" and created=...");
  CHECK(error_of("bob " + bob_hash + " rate-limit=\"1/day") == "line 1: a quote is not closed");
  CHECK(error_of("bob \"" + bob_hash) == "line 1: a quote is not closed");
}

TEST_CASE("an invalid hash is refused") {
  for (const auto& hash :
       {std::string{}, alice_hash.substr(7), "sha512:" + alice_hash.substr(7), alice_hash + "0",
        alice_hash.substr(0, 70), "SHA256:" + alice_hash.substr(7),
        "sha256:" + std::string(64, 'g'), "sha256:" + std::string(62, '0') + "-1",
        "sha256:" + std::string(62, '0') + "0x", std::string{alice}})
    CHECK(error_of("alice " + hash + " admin") ==
          "line 1: the name must be followed by sha256: and 64 hex digits");
}

TEST_CASE("no error contains a part of the line at fault") {
  const std::string secret = "zqxjzqxj";
  const std::string hash = "5ec5e75ec5e7";
  const auto whole = "sha256:" + std::string(52, '0') + hash;
  const std::string lines[] = {
      secret,
      secret + "/" + secret,
      secret + " " + whole + "0",
      whole + " alice",
      "alice " + secret,
      "alice " + hash,
      "alice \"" + secret,
      "alice " + whole + " " + secret,
      "alice " + whole + " admin=" + secret,
      "alice " + whole + " " + secret + "=1",
      "alice " + whole + " rate-limit=" + secret,
      "alice " + whole + " rate-limit=" + hash,
      "alice " + whole + " rate-limit=\"" + secret,
      "alice " + whole + " rate-limit=1/day rate-limit=" + secret,
      "alice " + whole + "\nalice " + whole,
  };
  for (const auto& line : lines) {
    auto error = error_of(line);
    CAPTURE(error);
    CHECK(error.find(secret) == std::string::npos);
    CHECK(error.find(hash) == std::string::npos);
    CHECK(error.find("line ") == 0);
  }
}

// -- requests ------------------------------------------------------------------------------------

TEST_CASE("clients present keys in one of three fields") {
  CHECK(presented_key(with({{"Authorization", "Bearer k1"}})) == "k1");
  CHECK(presented_key(with({{"x-api-key", "k2"}})) == "k2");
  CHECK(presented_key(with({{"api-key", "k3"}})) == "k3");
  CHECK(presented_key(with({{"API-Key", " k3\t"}})) == "k3");
  CHECK(presented_key(with({})).empty());
  CHECK(presented_key(with(
            {{"api-key", "k3"}, {"X-Api-Key", "k2"}, {"authorization", "Bearer k1"}})) == "k1");
  CHECK(presented_key(with({{"api-key", "k3"}, {"X-Api-Key", "k2"}})) == "k2");
}

TEST_CASE("the scheme of a key is Bearer in upper or lower case") {
  CHECK(presented_key(with({{"Authorization", "bearer k1"}})) == "k1");
  CHECK(presented_key(with({{"Authorization", "BEARER \t k1 "}})) == "k1");
  for (const auto* other : {"Basic k1", "k1", "Bearerk1", "Bearer", "Bearer  ", "", "Bear k1"}) {
    CAPTURE(other);
    CHECK(presented_key(with({{"Authorization", other}})).empty());
    CHECK(presented_key(with({{"Authorization", other}, {"x-api-key", "k2"}})) == "k2");
  }
  CHECK(presented_key(with({{"Authorization", "Bearer"}, {"x-api-key", " "}, {"api-key", "k3"}})) ==
        "k3");
}

// -- new keys ------------------------------------------------------------------------------------

TEST_CASE("new keys are long, of few characters, and never the same") {
  std::set<std::string> seen;
  std::string characters;
  std::map<std::size_t, std::set<char>> by_place;
  for (int i = 0; i < 200; ++i) {
    auto key = make_api_key();
    CHECK(key.size() == 52);
    CHECK(key.substr(0, 9) == "sk-nekod-");
    characters += key.substr(9);
    for (std::size_t k = 9; k < key.size(); ++k)
      by_place[k].insert(key[k]);
    seen.insert(std::move(key));
  }
  CHECK(seen.size() == 200);
  for (const auto& [place, seen_there] : by_place)
    CHECK(seen_there.size() > 8);
  // In 8600 random characters each of the 64 occurs, and no other.
  CHECK(std::set<char>(characters.begin(), characters.end()).size() == 64);
  CHECK(characters.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789-_") == std::string::npos);
}

TEST_CASE("a line for a key has its hash and not the key") {
  CHECK(key_line(alice, {"alice", false, {}, {}}) == "alice " + alice_hash);
  CHECK(key_line(alice, {"alice", true, rate_limit{{{10, 1min}}}, rate_limit{}}) ==
        "alice " + alice_hash + " admin rate-limit=\"10 per minute\" chat-rate-limit=\"\"");
}

TEST_CASE("a line says when its key was created") {
  CHECK(key_line(alice, {"alice", false, {}, {}, 1796061424}) ==
        "alice " + alice_hash + " created=2026-11-30T17:57:04Z");
  CHECK(holder(line_of("alice") + " created=1970-01-01T00:00:00Z").created == 0);
  CHECK_FALSE(holder(line_of("alice")).created);
  for (const auto* wrong : {"", "yesterday", "2026-11-30", "2026-11-30T17:57:04Zx"})
    CHECK(error_of(line_of("alice") + " created=" + wrong).find("created") != std::string::npos);
}

TEST_CASE("a key has an id that does not reveal its hash") {
  const auto id = key_id(hash_of_key(alice));
  CHECK(id.size() == 16);
  CHECK(id.find("key_") == 0);
  CHECK(alice_hash.find(id.substr(4, 6)) == std::string::npos);
  CHECK(id != key_id(hash_of_key(bob)));
}

TEST_CASE("a line for a key is read back as it was written") {
  const api_key holders[] = {
      {"a", false, {}, {}},
      {"b", true, rate_limit{}, {}},
      {"c.d_e-f", false, {}, rate_limit{{{7, 2h}, {3, 90s}}}},
      {"g", true, rate_limit{{{200, 24h}, {50, 1h}}}, rate_limit{{{1, 1s}}}},
      {"h", true, {}, rate_limit{{{1, 1s}}}, 1796061424},
  };
  std::string file;
  std::vector<std::string> secrets;
  for (const auto& h : holders) {
    secrets.push_back(make_api_key());
    file += key_line(secrets.back(), h) + '\n';
  }
  auto keys = parse(file);
  for (std::size_t i = 0; i < secrets.size(); ++i) {
    REQUIRE(keys.find(secrets[i]));
    CHECK(keys.find(secrets[i])->key == holders[i]);
    CHECK(file.find(secrets[i].substr(9)) == std::string::npos);
    auto wrong = secrets[i];
    wrong.back() = wrong.back() == 'A' ? 'E' : 'A';
    CHECK_FALSE(keys.find(wrong));
  }
}
