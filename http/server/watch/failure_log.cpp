#include "http/server/watch/failure_log.hpp"

#include "protocol/text/json_strings.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace nekod::http {

namespace {

/// The most bytes of a name: a client may make up that of a model.
constexpr std::size_t longest_name = 128;

std::string_view cut_name(std::string_view name) {
  auto size = std::min(name.size(), longest_name);
  // Not inside of a UTF-8 character.
  while (size < name.size() && size > 0 && (name[size] & 0xc0) == 0x80)
    --size;
  return name.substr(0, size);
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out.append(",\"").append(name).append("\":");
  if (value.empty())
    out += "null";
  else
    json::append_quoted(out, cut_name(value));
}

} // namespace

void failure_log::add(const exchange_notes& notes, const exchange_outcome& outcome,
                      std::chrono::system_clock::time_point now) {
  // Unknown paths are asked for by scanners, who would push out everything else.
  if (notes.error.empty() || notes.endpoint == "other")
    return;
  using std::chrono::milliseconds;
  auto count = [](auto d) {
    return std::to_string(std::chrono::duration_cast<milliseconds>(d).count());
  };
  std::string rest = R"(,"time":)" + count(now.time_since_epoch());
  append_member(rest, "request_id", notes.request_id);
  append_member(rest, "endpoint", notes.endpoint);
  append_member(rest, "tenant", notes.tenant);
  append_member(rest, "model", notes.model);
  append_member(rest, "upstream", notes.upstream);
  append_member(rest, "code", notes.error);
  rest += R"(,"status":)" + std::to_string(outcome.status);
  rest += R"(,"duration":)" + count(outcome.duration) + "}";
  std::lock_guard guard{mutex_};
  entries_.push_back(R"({"number":)" + std::to_string(++last_) + rest);
  if (entries_.size() > most_)
    entries_.pop_front();
}

std::string failure_log::json_after(std::uint64_t after) const {
  std::lock_guard guard{mutex_};
  std::string out = R"({"last":)" + std::to_string(last_) + R"(,"data":[)";
  const auto wanted =
      after > last_ ? entries_.size() : std::min<std::uint64_t>(entries_.size(), last_ - after);
  std::string_view separator;
  for (auto i = entries_.end() - static_cast<std::ptrdiff_t>(wanted); i != entries_.end(); ++i) {
    out.append(separator).append(*i);
    separator = ",";
  }
  out += "]}";
  return out;
}

} // namespace nekod::http
