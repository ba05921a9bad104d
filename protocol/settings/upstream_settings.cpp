#include "protocol/settings/upstream_settings.hpp"

#include "protocol/base_address.hpp"
#include "protocol/text/utf8.hpp"
#include "protocol/text/words.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>
#include <utility>

namespace nekod {

namespace {

using seconds = std::chrono::duration<double>;

constexpr double longest_time = 1e8;
constexpr double heaviest = 1'000'000;

bool is_name(std::string_view name) {
  constexpr std::size_t longest = 32;
  return !name.empty() && name.size() <= longest &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

std::optional<double> number_of(std::string_view text) {
  double number = 0;
  const auto* end = text.data() + text.size();
  auto [stop, problem] = std::from_chars(text.data(), end, number);
  return problem == std::errc{} && stop == end ? std::optional{number} : std::nullopt;
}

std::string word_for(upstream_kind kind) {
  return kind == upstream_kind::anuneko ? "token" : "key";
}

/// Reads entries one after the other; keeps the first fault.
class upstream_reader {
public:
  explicit upstream_reader(const variable_reader& variable) : variable_(variable) {}

  void take(const toml_entry& e) {
    line_ = e.line;
    where_.clear();
    for (const auto& part : e.table)
      where_ += part + ".";
    where_ += e.key;
    if (e.table.size() == 2 && e.key.empty()) // An empty table.
      of(e.table[1]);
    else if (e.table.size() == 2)
      take_upstream(of(e.table[1]), e);
    else if (e.table.size() == 4 && e.table[2] == "accounts")
      take_account(of(e.table[1]), e.table[3], e);
    else
      fail("is not in a table such as [upstreams.NAME]");
    if (!seen_.insert(where_).second)
      fail("is set twice");
  }

  result<std::vector<upstream_settings>, std::string> finish() {
    for (auto& d : drafts_)
      finish(d);
    if (!fault_.empty())
      return fault_;
    std::vector<upstream_settings> all;
    for (auto& d : drafts_)
      all.push_back(std::move(d.upstream));
    return all;
  }

private:
  /// An upstream while its table is being read: its kind may come last.
  struct draft {
    upstream_settings upstream;
    /// The line of its first setting.
    std::size_t line = 0;
    std::string kind;
    /// `token` or `key`, whichever was used; empty if neither was.
    std::string word;
    std::string cookie;
    /// The accounts with tables of their own, by name.
    std::vector<std::pair<std::string, account_settings>> accounts;
  };

  draft& of(const std::string& name) {
    auto i = std::find_if(drafts_.begin(), drafts_.end(),
                          [&](const draft& d) { return d.upstream.name == name; });
    if (i != drafts_.end())
      return *i;
    if (!is_name(name))
      fail("has a name that is not 1 to 32 of A-Z a-z 0-9 _ -");
    drafts_.emplace_back().upstream.name = name;
    drafts_.back().line = line_;
    return drafts_.back();
  }

  void take_upstream(draft& d, const toml_entry& e) {
    auto& u = d.upstream;
    if (e.key == "models")
      u.models = e.values;
    else if (e.key == "fallbacks")
      u.fallbacks = e.values;
    else if (is_secret(e.key))
      for (auto& secret : secrets_in(d, e))
        u.accounts.push_back({std::move(secret), {}, 1});
    else if (auto value = one(e); e.key == "kind")
      d.kind = value;
    else if (e.key == "url")
      u.url = tidy_base_address(checked(value, base_address_problem));
    else if (e.key == "cookie")
      d.cookie = value;
    else if (e.key == "model")
      u.model = value;
    else if (e.key == "key-header")
      u.key_header = checked(value, key_header_problem);
    else if (e.key == "token-limit")
      u.token_limit = checked(value, token_limit_problem);
    else if (e.key == "long-context")
      u.long_context = truth(value);
    else if (e.key == "first-token-timeout")
      u.first_token_timeout = seconds{number(value, 0, longest_time)};
    else
      fail("is not a setting of an upstream");
  }

  void take_account(draft& d, const std::string& name, const toml_entry& e) {
    auto i = std::find_if(d.accounts.begin(), d.accounts.end(),
                          [&](const auto& a) { return a.first == name; });
    auto& account = i == d.accounts.end() ? d.accounts.emplace_back(name, account_settings{}).second
                                          : i->second;
    if (is_secret(e.key)) {
      auto secrets = secrets_in(d, e);
      if (secrets.size() == 1)
        account.secret = std::move(secrets.front());
      else
        fail("takes one value");
    } else if (e.key == "cookie")
      account.cookie = one(e);
    else if (e.key == "weight")
      account.weight = number(one(e), 1 / heaviest, heaviest);
    else
      fail("is not a setting of an account");
  }

  void finish(draft& d) {
    auto& u = d.upstream;
    where_ = "upstreams." + u.name;
    line_ = d.line;
    if (d.kind == "openai")
      u.kind = upstream_kind::openai;
    else if (d.kind != "anuneko")
      fail("needs a kind: anuneko or openai");
    if (!d.word.empty() && d.word != word_for(u.kind))
      fail("has a " + d.word + ", but its kind needs a " + word_for(u.kind));
    if (u.url.empty())
      fail("needs a url");
    for (auto& [name, account] : d.accounts) {
      if (account.secret.empty())
        fail("has an account " + name + " without a " + word_for(u.kind));
      u.accounts.push_back(std::move(account));
    }
    for (auto& account : u.accounts) {
      if (account.cookie.empty())
        account.cookie = d.cookie;
      if (has_control_characters(account.secret) || has_control_characters(account.cookie))
        fail("has a secret that contains a line end or another control character");
    }
    if (u.accounts.empty() && u.kind == upstream_kind::anuneko)
      fail("needs a token");
    if (!u.key_header.empty() && u.kind == upstream_kind::anuneko)
      fail("has a key-header, which is for kind openai");
    if (!u.token_limit.empty() && u.kind == upstream_kind::anuneko)
      fail("has a token-limit, which is for kind openai");
    if (u.accounts.empty())
      u.accounts.emplace_back();
    check_fallbacks(u);
  }

  void check_fallbacks(const upstream_settings& u) {
    for (const auto& name : u.fallbacks) {
      auto i = std::find_if(drafts_.begin(), drafts_.end(),
                            [&](const draft& d) { return d.upstream.name == name; });
      // A chat cannot move to another service.
      if (u.kind != upstream_kind::openai || i == drafts_.end() || i->kind != "openai" ||
          name == u.name)
        fail("cannot fall back to " + name + ": both must be different upstreams of kind openai");
    }
  }

  static bool is_secret(const std::string& key) {
    return key == "token" || key == "key" || key == "token-from" || key == "key-from";
  }

  std::vector<std::string> secrets_in(draft& d, const toml_entry& e) {
    d.word = e.key.substr(0, e.key.find('-'));
    if (d.word == e.key)
      return e.values;
    auto found = variable_(one(e));
    if (!found)
      fail("names a variable that is not set");
    return split_at_commas(found.value_or(""));
  }

  std::string one(const toml_entry& e) {
    if (e.values.size() == 1)
      return e.values.front();
    fail("takes one value");
    return {};
  }

  bool truth(const std::string& text) {
    if (text != "true" && text != "false")
      fail("must be true or false");
    return text == "true";
  }

  double number(const std::string& text, double least, double most) {
    auto n = number_of(text);
    if (n && *n >= least && *n <= most)
      return *n;
    fail("must be a number in the allowed range");
    return least;
  }

  /// @param problem_of Why a value is wrong; empty if it is right.
  template <class Problem>
  const std::string& checked(const std::string& value, Problem problem_of) {
    if (auto problem = problem_of(value); !problem.empty())
      fail(problem);
    return value;
  }

  void fail(const std::string& what) {
    if (!fault_.empty())
      return;
    fault_ = where_ + " " + what;
    if (line_ > 0)
      fault_ += " (line " + std::to_string(line_) + ")";
  }

  const variable_reader& variable_;
  std::vector<draft> drafts_;
  std::set<std::string> seen_;
  /// The name of what is being read, for people.
  std::string where_;
  std::size_t line_ = 0;
  std::string fault_;
};

std::string quoted_list(const std::vector<std::string>& values) {
  std::string out;
  for (const auto& value : values)
    out.append(out.empty() ? "\"" : ", \"").append(value).append("\"");
  return "[" + out + "]";
}

} // namespace

std::string_view name_of(upstream_kind kind) noexcept {
  switch (kind) {
  case upstream_kind::openai:
    return "openai";
  case upstream_kind::simulator:
    return "simulator";
  default:
    return "anuneko";
  }
}

result<std::vector<upstream_settings>, std::string>
read_upstreams(const std::vector<toml_entry>& entries, const variable_reader& variable) {
  upstream_reader reader{variable};
  for (const auto& e : entries)
    reader.take(e);
  return reader.finish();
}

std::vector<std::string> split_at_commas(const std::string& list) {
  std::vector<std::string> parts;
  std::string_view rest{list};
  while (!rest.empty()) {
    auto comma = std::min(rest.find(','), rest.size());
    if (auto part = trim(rest.substr(0, comma)); !part.empty())
      parts.emplace_back(part);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return parts;
}

std::string key_header_problem(const std::string& name) {
  const auto is_token = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
  constexpr std::size_t longest = 64;
  return is_token && name.size() <= longest ? "" : "must be the name of a header field";
}

std::string token_limit_problem(const std::string& name) {
  return name.empty() || name == "max_tokens" || name == "max_completion_tokens"
             ? ""
             : "must be max_tokens or max_completion_tokens";
}

std::string shown_table(const upstream_settings& u) {
  std::string out = "\n[upstreams." + u.name + "]\n";
  auto add = [&](const std::string& key, const std::string& value) {
    out.append(key).append(" = ").append(value).append("\n");
  };
  add("kind", "\"" + std::string{name_of(u.kind)} + "\"");
  add("url", "\"" + u.url + "\"");
  if (!u.model.empty())
    add("model", "\"" + u.model + "\"");
  if (!u.key_header.empty())
    add("key-header", "\"" + u.key_header + "\"");
  if (!u.token_limit.empty())
    add("token-limit", "\"" + u.token_limit + "\"");
  if (!u.models.empty())
    add("models", quoted_list(u.models));
  if (!u.fallbacks.empty())
    add("fallbacks", quoted_list(u.fallbacks));
  if (u.long_context)
    add("long-context", "true");
  if (u.first_token_timeout)
    add("first-token-timeout", std::to_string(u.first_token_timeout->count()));
  if (!u.accounts.front()
           .secret.empty()) // A server that requires no key has one account without a secret.
    add(word_for(u.kind), quoted_list(std::vector<std::string>(u.accounts.size(), "***")));
  return out;
}

} // namespace nekod
