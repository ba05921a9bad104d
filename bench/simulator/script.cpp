#include "bench/simulator/script.hpp"

#include "bench/simulator/json_object.hpp"
#include "protocol/text/json_strings.hpp"
#include "protocol/text/sse.hpp"

#include <algorithm>
#include <utility>

namespace nekod::sim {

namespace {

std::string message_id_json(const std::string& id) {
  return json_object{}.text("msg_id", id).take();
}

std::size_t longest(const std::vector<story>& branches) {
  std::size_t n = 0;
  for (const auto& b : branches)
    n = std::max(n, b.size());
  return n;
}

} // namespace

script::script(const ticket& t, std::vector<story> branches, bool named_events, std::string finish)
    : user_id_(user_message_id(t.chat_id, t.number)),
      answer_id_(answer_message_id(t.chat_id, t.number)),
      branches_(std::move(branches)),
      named_events_(named_events),
      finish_(std::move(finish)),
      head_(named_events ? 2 : 1),
      pieces_(longest(branches_)),
      tail_(named_events ? branches_.size() + 1 : 0) {}

std::size_t script::size() const noexcept { return head_ + pieces_ + tail_; }

void script::append(std::size_t i, std::string& out) const {
  if (i < head_)
    append_head(i, out);
  else if (i < head_ + pieces_)
    append_piece(i - head_, out);
  else
    append_tail(i - head_ - pieces_, out);
}

sent_reply script::sent(std::size_t events, bool whole) const {
  sent_reply s;
  s.whole = whole;
  s.text = branches_.front().text(events - std::min(events, head_));
  s.branches = static_cast<std::uint32_t>(branches_.size());
  s.named_user = named_events_ && events > 0;
  s.named_answer = named_events_ ? events == size() : events > 0;
  return s;
}

void script::append_head(std::size_t i, std::string& out) const {
  if (!named_events_)
    sse::append_event(out, message_id_json(answer_id_));
  else if (i == 0)
    sse::append_event(out, "usermsg", message_id_json(user_id_));
  else
    sse::append_event(out, "start", json_object{}.number("choice_num", branches_.size()).take());
}

void script::append_piece(std::size_t i, std::string& out) const {
  out += named_events_ ? "event: delta\ndata: {\"c\":[" : "data: {\"c\":[";
  const auto* separator = "";
  for (std::size_t b = 0; b < branches_.size(); ++b) {
    if (i >= branches_[b].size())
      continue;
    out += separator;
    out += "{\"v\":";
    json::append_quoted(out, branches_[b].piece(i));
    if (b > 0)
      out.append(",\"c\":").append(std::to_string(b));
    out += '}';
    separator = ",";
  }
  out += "]}\n\n";
}

void script::append_tail(std::size_t i, std::string& out) const {
  if (i == branches_.size())
    return sse::append_event(out, "assistmsg", message_id_json(answer_id_));
  sse::append_event(out, "stop",
                    json_object{}.number("choice_idx", i).text("finish_reason", finish_).take());
}

} // namespace nekod::sim
