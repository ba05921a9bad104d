#include "bench/simulator/settings.hpp"

#include "bench/simulator/field_reader.hpp"
#include "bench/simulator/json_object.hpp"

namespace nekod::sim {

namespace {

void read_delay(field_reader& in, std::string_view name, std::chrono::milliseconds& target) {
  auto ms = target.count();
  in.number(name, ms, 0, setting_limits::delay_ms);
  target = std::chrono::milliseconds{ms};
}

} // namespace

std::string to_json(const options& o) {
  return json_object{}
      .number("first_delay_ms", o.first_delay.count())
      .number("delay_ms", o.delay.count())
      .number("tokens", o.tokens)
      .number("branches", o.branches)
      .flag("named_events", o.named_events)
      .raw("models", json_array(o.models))
      .text("token", o.token)
      .take();
}

result<options, std::string> with_changes(options from, std::string_view body) {
  field_reader in{body};
  read_delay(in, "first_delay_ms", from.first_delay);
  read_delay(in, "delay_ms", from.delay);
  in.number("tokens", from.tokens, 0, setting_limits::tokens);
  in.number("branches", from.branches, 1, setting_limits::branches);
  in.flag("named_events", from.named_events);
  in.texts("models", from.models);
  in.text("token", from.token);
  in.expect_no_more();
  if (!in.complaint().empty())
    return in.complaint();
  return from;
}

std::shared_ptr<const options> settings::now() const {
  std::lock_guard lock{mutex_};
  return now_;
}

result<std::shared_ptr<const options>, std::string> settings::change(std::string_view body) {
  std::lock_guard lock{mutex_};
  auto changed = with_changes(*now_, body);
  if (!changed)
    return changed.error();
  now_ = std::make_shared<const options>(std::move(*changed));
  return now_;
}

} // namespace nekod::sim
