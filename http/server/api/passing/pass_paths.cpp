#include "http/server/api/passing/pass_paths.hpp"

#include "http/server/message/path.hpp"
#include "protocol/text/words.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace nekod::http {

namespace {

/// Work for a model: POST to these paths, and to everything below those that end in a slash.
struct work {
  std::string_view path;
  const char* word;
  bool at_root = false;
};

constexpr std::array works{
    work{"/embeddings", "embeddings"},
    work{"/completions", "completions"},
    work{"/rerank", "rerank"},
    work{"/moderations", "moderations"},
    work{"/images/", "images"},
    work{"/audio/", "audio"},
    work{"/tokenize", "tokenize", true},
    work{"/detokenize", "detokenize", true},
    work{"/responses/input_tokens", "input_tokens"},
};

/// The first segments of our own paths, and of paths that never pass.
constexpr std::array<std::string_view, 11> kept{
    "chat",      "models",        "sessions",     "health",        "metrics", "openapi.json",
    "responses", "conversations", "organization", "organizations", "v1"};

/// How often percent-encodings are decoded to see what a path may mean to a server behind us.
constexpr int most_decodings = 4;

/// *path* without any percent-encodings, however often it was encoded; nothing if one is invalid.
std::optional<std::string> fully_decoded(std::string_view path) {
  std::string result{path};
  for (int i = 0; i < most_decodings; ++i) {
    if (result.find('%') == std::string::npos)
      return result;
    auto next = decode_percent(result);
    if (!next)
      return std::nullopt;
    result = std::move(*next);
  }
  return std::nullopt;
}

/// Whether a segment is a dot segment, even for a server that cuts off its parameters.
bool is_dots(std::string_view segment) noexcept {
  segment = segment.substr(0, segment.find(';'));
  return segment == "." || segment == "..";
}

std::string_view take_segment(std::string_view& path) noexcept {
  auto end = std::min(path.find_first_of("/\\"), path.size());
  auto result = path.substr(0, end);
  path.remove_prefix(std::min(end + 1, path.size()));
  return result;
}

/// Whether a path is unambiguous, and its first segment is not one of ours.
bool may_pass(std::string_view path) {
  auto decoded = fully_decoded(path);
  auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (!decoded || std::any_of(decoded->begin(), decoded->end(), is_control) ||
      decoded->find_first_of("#?") != std::string::npos)
    return false;
  std::string_view rest = *decoded;
  std::string_view first;
  while (!rest.empty()) {
    auto segment = take_segment(rest);
    if (is_dots(segment))
      return false;
    if (first.empty())
      first = segment.substr(0, segment.find(';'));
  }
  return !first.empty() &&
         std::none_of(kept.begin(), kept.end(), [&](auto ours) { return same_word(first, ours); });
}

const work* work_at(std::string_view path) noexcept {
  auto is_at = [&](const work& w) {
    auto has_more = w.path.back() == '/';
    return has_more ? path.size() > w.path.size() && path.substr(0, w.path.size()) == w.path
                    : path == w.path;
  };
  const auto* found = std::find_if(works.begin(), works.end(), is_at);
  return found == works.end() ? nullptr : found;
}

/// Whether a raw path begins with `/v1/`, ignoring extra slashes.
bool has_version(std::string_view raw) noexcept {
  raw.remove_prefix(std::min(raw.find_first_not_of('/'), raw.size()));
  return raw.substr(0, 3) == "v1/";
}

} // namespace

bool is_passed_method(std::string_view method) noexcept {
  constexpr std::array<std::string_view, 6> methods{"GET", "HEAD",  "POST",
                                                    "PUT", "PATCH", "DELETE"};
  return std::find(methods.begin(), methods.end(), method) != methods.end();
}

pass_target pass_target_of(std::string_view raw, std::string_view method) {
  pass_target result;
  result.path = endpoint_path(raw);
  const auto* found = work_at(result.path);
  const auto is_work = found != nullptr && (method == "POST" || method == "OPTIONS");
  // A path that is written exactly like one of these means nothing else.
  const auto is_exact = is_work && result.path == found->path;
  if (!is_exact && !may_pass(result.path))
    return result;
  result.word = found == nullptr ? "pass" : found->word;
  result.at_root = found != nullptr && found->at_root;
  if (is_work) {
    result.who = pass_rule::anybody;
    return result;
  }
  if (has_version(raw))
    result.who = pass_rule::admins;
  return result;
}

bool pass_list::allows(std::string_view path) const noexcept {
  return std::any_of(paths_.begin(), paths_.end(), [&](const auto& known) {
    return known == "/" || path == known ||
           (path.size() > known.size() && path.substr(0, known.size()) == known &&
            path[known.size()] == '/');
  });
}

result<pass_list, std::string> parse_pass_list(std::string_view text) {
  pass_list list;
  while (!text.empty()) {
    auto end = std::min(text.find(','), text.size());
    auto word = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty())
      continue;
    auto path = word == "*" ? std::string{"/"} : endpoint_path(std::string{"/"}.append(word));
    if (word != "*" && !may_pass(path))
      return in_backquotes(word) + " is not a path that can pass through";
    list.paths_.push_back(std::move(path));
  }
  return list;
}

} // namespace nekod::http
