#include "bench/load/stream_checker.hpp"

#include <utility>

namespace nekod::load {
namespace {

/// One event in this many is parsed.
constexpr std::uint64_t sample = 64;
constexpr std::size_t longest_line = 16u << 20;

} // namespace

std::size_t stream_checker::feed(std::string_view body) {
  const auto before = pieces_;
  for (auto end = body.find('\n'); end != body.npos; end = body.find('\n')) {
    if (partial_.empty()) {
      take_line(body.substr(0, end));
    } else {
      partial_.append(body, 0, end);
      take_line(partial_);
      partial_.clear();
    }
    body.remove_prefix(end + 1);
  }
  if (partial_.size() < longest_line)
    partial_.append(body);
  else
    note(fault_kind::broken, "a line of a stream has no end");
  return pieces_ - before;
}

std::optional<fault> stream_checker::finish() {
  if (!partial_.empty())
    note(fault_kind::broken, "a stream ended within a line");
  if (!finished_)
    note(fault_kind::broken, "a stream ended without a finish reason");
  if (!done_)
    note(fault_kind::broken, "a stream ended without [DONE]");
  return fault_;
}

/// Each `data:` line is an event of its own, since JSON needs only one line.
void stream_checker::take_line(std::string_view line) {
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  constexpr std::string_view field = "data:";
  if (line.starts_with(field))
    take_event(line.substr(field.size() + (line.substr(field.size()).starts_with(' ') ? 1 : 0)));
  else if (line.starts_with('{'))
    note(fault_kind::broken, "a stream has JSON outside of events");
}

void stream_checker::take_event(std::string_view data) {
  if (done_)
    return note(fault_kind::broken, "an event after [DONE]");
  if (data == "[DONE]") {
    done_ = true;
    return;
  }
  const auto found = events_++ % sample == 0 ? std::nullopt : form_.scan(data);
  if (found)
    take_piece(*found, false);
  else
    look_closely(data);
}

void stream_checker::look_closely(std::string_view data) {
  auto found = form_.parse(data);
  if (!found.fault.empty())
    return note(found.is_report ? fault_kind::broken : fault_kind::wrong, std::move(found.fault));
  if (!found.id.empty())
    id_ = std::move(found.id);
  take_piece(found.content, found.finishes);
}

void stream_checker::take_piece(std::string_view content, bool finishes) {
  if (finished_ && (finishes || !content.empty()))
    note(fault_kind::wrong, "a stream goes on after its finish reason");
  finished_ = finished_ || finishes;
  if (content.empty())
    return;
  ++pieces_;
  if (keeps_text_)
    text_ += content;
}

/// The first fault counts.
void stream_checker::note(fault_kind kind, std::string what) {
  if (!fault_)
    fault_ = fault{kind, std::move(what)};
}

} // namespace nekod::load
