#include "bench/simulator/faults.hpp"

#include "bench/simulator/field_reader.hpp"
#include "bench/simulator/json_object.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace nekod::sim {

namespace {

constexpr std::size_t max_waiting = 1'000;
constexpr std::uint32_t max_number = 1'000'000'000;

constexpr std::array<std::string_view, static_cast<std::size_t>(fault_kind::count)> kind_names{
    "status",    "reset",          "silent",           "html",
    "cut",       "stall",          "error_event",      "error_line",
    "garbage",   "truncated_utf8", "halved_character", "error_chunk",
    "no_finish", "no_done"};

/// Things that a lenient reader has to skip: none of them is an error or text.
constexpr std::array<std::string_view, 8> nonsense{
    "meow meow meow\n\n",
    "data:\n\n",
    "data: {\"c\":[{\"v\":\"brok\n\n",
    ": a comment\n\n",
    "data: [1,\"two\",null]\n\n",
    "event: weather\ndata: {\"sky\":\"blue\"}\n\n",
    "{\"half\":\n\n",
    "id: 7\nretry: 10\nfield: unknown\n\n",
};

/// The character U+55B5 without its last byte.
constexpr std::string_view truncated_event = "data: {\"c\":[{\"v\":\"miaow \xe5\x96\"}]}\n\n";

/// The character U+1F63A in two events of each protocol.
constexpr std::string_view halved_piece =
    "data: {\"v\":\"purr \\ud83d\"}\n\ndata: {\"v\":\"\\ude3a \"}\n\n";
constexpr std::string_view halved_delta =
    R"(data: {"choices":[{"index":0,"delta":{"content":"purr \ud83d"},"finish_reason":null}]})"
    "\n\n"
    R"(data: {"choices":[{"index":0,"delta":{"content":"\ude3a "},"finish_reason":null}]})"
    "\n\n";

std::optional<fault_kind> kind_named(std::string_view name) {
  const auto* i = std::find(kind_names.begin(), kind_names.end(), name);
  if (i == kind_names.end())
    return std::nullopt;
  return static_cast<fault_kind>(i - kind_names.begin());
}

bool fits(api_call c, fault_kind k) {
  if (k >= fault_kind::error_chunk)
    return c == api_call::completions;
  return c == api_call::stream || c == api_call::completions || k < fault_kind::cut;
}

/// Whether a stream answers calls of that kind.
bool streams(api_call c) { return c == api_call::stream || c == api_call::completions; }

} // namespace

std::string_view name_of(fault_kind k) noexcept { return kind_names[static_cast<std::size_t>(k)]; }

result<fault, std::string> parse_fault(std::string_view body) {
  field_reader in{body};
  fault f;
  std::string call;
  std::string kind;
  in.text("call", call);
  in.text("kind", kind);
  in.number("times", f.times, 1, max_number);
  in.number("after_events", f.after_events, 0, max_number);
  in.number("status", f.status, 200, 599);
  in.number("retry_after", f.retry_after, 0, max_number);
  in.text("token", f.token);
  in.text("body", f.body);
  in.expect_no_more();
  if (!in.complaint().empty())
    return in.complaint();
  auto known_call = api_call_named(call);
  auto known_kind = kind_named(kind);
  if (!known_call || !known_kind || !fits(*known_call, *known_kind))
    return std::string{"no fault `" + kind + "` of a call `" + call + "` is known"};
  f.call = *known_call;
  f.kind = *known_kind;
  return f;
}

std::string to_json(const fault& f) {
  json_object out;
  out.text("call", name_of(f.call)).text("kind", name_of(f.kind)).number("times", f.times);
  out.number("after_events", f.after_events).number("status", f.status);
  if (f.retry_after)
    out.number("retry_after", *f.retry_after);
  if (!f.token.empty())
    out.text("token", f.token);
  return out.text("body", f.body).take();
}

bool fault_queue::add(fault f) {
  std::lock_guard lock{mutex_};
  if (waiting_.size() >= max_waiting)
    return false;
  waiting_.push_back(std::move(f));
  return true;
}

std::optional<fault> fault_queue::take(api_call c, std::string_view token) {
  std::lock_guard lock{mutex_};
  auto i = std::find_if(waiting_.begin(), waiting_.end(), [&](const fault& f) {
    return f.call == c && (f.token.empty() || f.token == token);
  });
  if (i == waiting_.end())
    return std::nullopt;
  auto taken = *i;
  if (--i->times == 0)
    waiting_.erase(i);
  return taken;
}

void fault_queue::clear() {
  std::lock_guard lock{mutex_};
  waiting_.clear();
}

std::string fault_queue::to_json() const {
  std::string list = "[";
  std::lock_guard lock{mutex_};
  for (const auto& f : waiting_)
    append_item(list, sim::to_json(f));
  return json_object{}.raw("faults", list + ']').take();
}

bool answers_call(const fault& f) noexcept {
  return f.kind == fault_kind::status || f.kind == fault_kind::reset ||
         f.kind == fault_kind::html || (f.kind == fault_kind::silent && !streams(f.call));
}

bool ends_reply(const fault& f) noexcept {
  return f.kind != fault_kind::garbage && f.kind != fault_kind::truncated_utf8 &&
         f.kind != fault_kind::halved_character && f.kind != fault_kind::no_finish &&
         f.kind != fault_kind::no_done;
}

std::string error_body(const fault& f) {
  if (f.body.starts_with('{'))
    return f.body;
  return error_json(f.body.empty() ? "simulated_fault" : f.body, "asked for by /sim/faults");
}

void append_noise(const fault& f, std::size_t index, std::size_t events, std::string& out) {
  auto first = std::min<std::size_t>(f.after_events, events - 1);
  if (index < first)
    return;
  if (f.kind == fault_kind::garbage)
    out += nonsense[(index - first) % nonsense.size()];
  else if (f.kind == fault_kind::truncated_utf8 && index == first)
    out += truncated_event;
  else if (f.kind == fault_kind::halved_character && index == first)
    out += f.call == api_call::completions ? halved_delta : halved_piece;
}

} // namespace nekod::sim
