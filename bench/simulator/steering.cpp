#include "bench/simulator/steering.hpp"

#include "bench/simulator/answers.hpp"
#include "bench/simulator/views.hpp"

#include <array>
#include <utility>

namespace nekod::sim {

namespace {

void show_report(state& s, http::exchange& x) {
  answer_json(x, 200, report_json(s.chats.count(), s.uses.counts()));
}

void show_chats(state& s, http::exchange& x) { answer_json(x, 200, chats_json(s.chats)); }

void show_completions(state& s, http::exchange& x) { answer_json(x, 200, s.completions.to_json()); }

void show_settings(state& s, http::exchange& x) {
  answer_json(x, 200, to_json(*s.options_now.now()));
}

void change_settings(state& s, http::exchange& x) {
  auto changed = s.options_now.change(x.req().body);
  if (!changed)
    return answer_error(x, 400, "bad_request", changed.error());
  answer_json(x, 200, to_json(**changed));
}

void show_faults(state& s, http::exchange& x) { answer_json(x, 200, s.faults.to_json()); }

void add_fault(state& s, http::exchange& x) {
  auto f = parse_fault(x.req().body);
  if (!f)
    return answer_error(x, 400, "bad_request", f.error());
  if (!s.faults.add(std::move(*f)))
    return answer_error(x, 429, "too_many_faults", "too many faults wait already");
  show_faults(s, x);
}

void clear_faults(state& s, http::exchange& x) {
  s.faults.clear();
  show_faults(s, x);
}

void reset(state& s, http::exchange& x) {
  s.chats.reset();
  s.completions.reset();
  s.uses.reset();
  s.faults.clear();
  show_report(s, x);
}

struct steering_call {
  std::string_view method;
  std::string_view path;
  void (*answer)(state&, http::exchange&);
};

constexpr std::array<steering_call, 9> steering_calls{{
    {"GET", "/sim/report", show_report},
    {"GET", "/sim/chats", show_chats},
    {"GET", "/sim/completions", show_completions},
    {"GET", "/sim/settings", show_settings},
    {"POST", "/sim/settings", change_settings},
    {"GET", "/sim/faults", show_faults},
    {"POST", "/sim/faults", add_fault},
    {"DELETE", "/sim/faults", clear_faults},
    {"POST", "/sim/reset", reset},
}};

} // namespace

void answer_steering_call(state& s, http::exchange& x) {
  for (const auto& call : steering_calls)
    if (call.method == x.req().method && call.path == x.req().path)
      return call.answer(s, x);
  answer_not_found(x);
}

} // namespace nekod::sim
