#include "protocol/anuneko/reply_decoder.hpp"

#include "protocol/anuneko/plain_event.hpp"
#include "protocol/text/json.hpp"
#include "protocol/text/json_halves.hpp"
#include "protocol/text/json_spans.hpp"
#include "protocol/text/utf8.hpp"

#include <algorithm>
#include <array>

namespace nekod::anuneko {
namespace {

service_error failure(std::string_view code, std::string_view detail) {
  service_error e;
  e.code = code;
  e.detail = detail;
  return e;
}

/// The error that an `error` event reports, whatever its data is.
service_error error_event(std::string_view data) {
  if (auto e = parse_error(data))
    return *std::move(e);
  return failure("error", is_utf8(data) ? data : std::string_view{});
}

bool may_have_text(const sse::item& item) { return carries_text(item.name) && !item.stray; }

/// Whether events of that name show that the service has answered.
bool tells_of_answer(std::string_view name) { return name == "stop" || name == "assistmsg"; }

bool is_known(std::string_view name) {
  constexpr std::array<std::string_view, 5> names{"usermsg", "start", "delta", "stop", "assistmsg"};
  return std::ranges::find(names, name) != names.end();
}

bool is_of(const json::value& piece, int branch) { return branch_of(piece, "c") == branch; }

/// Joins the texts of *branch* in an event with *half*, which came before.
void join_texts(json::joined_text& out, std::string_view event, int branch, std::string& half) {
  const auto pieces = json::find_span(event, "c");
  if (!pieces.starts_with('[')) {
    if (branch == 0)
      out.join(json::find_span(event, "v"), half);
    return;
  }
  for (json::elements e{pieces}; e.next();)
    if (is_of(json::parse_foreign(e.value()).root, branch))
      out.join(json::find_span(e.value(), "v"), half);
}

// Each of these takes one thing out of an event, and returns whether it was there.

bool take_text(const json::value& event, int branch, deltas& out) {
  const auto* pieces = json::find(event, "c");
  if (pieces == nullptr || !pieces->IsArray()) {
    const auto text = json::find_string(event, "v");
    if (text && branch == 0)
      out.push_back(*text);
    return text.has_value();
  }
  for (const auto& piece : pieces->GetArray())
    if (is_of(piece, branch))
      out.push_back(json::find_string(piece, "v").value_or(std::string_view{}));
  return true;
}

bool take_message_id(const json::value& event, std::string& id) {
  const auto* v = json::find(event, "msg_id");
  if (v == nullptr || !(v->IsString() || v->IsNumber()))
    return false;
  if (v->IsNumber())
    id = json::to_text(*v);
  else if (v->GetStringLength() > 0)
    id = json::text_of(*v);
  return true;
}

bool take_finish_reason(const json::value& event, int branch, std::string& reason) {
  const auto text = json::find_string(event, "finish_reason");
  if (text && branch_of(event, "choice_idx") == branch)
    reason = *text;
  return text.has_value();
}

} // namespace

bool carries_text(std::string_view name) noexcept { return name.empty() || name == "delta"; }

std::int64_t branch_of(const json::value& object, std::string_view key) {
  const auto* v = json::find(object, key);
  return v == nullptr || v->IsNull() ? 0 : json::integer_of(*v).value_or(-1);
}

reply_decoder::reply_decoder(int branch) : branch_(branch) {}

void reply_decoder::feed(std::string_view bytes, deltas& out) {
  if (!error_)
    check(parser_.feed(bytes, [&](const sse::item& item) { take(item, out); }));
}

void reply_decoder::finish(deltas& out) {
  if (error_)
    return;
  ends_ = true;
  check(parser_.finish([&](const sse::item& item) { take(item, out); }));
  if (!error_ && !half_.empty())
    out.push_back("\uFFFD");
  if (!error_ && !answered_)
    error_ = failure("empty_reply", "the reply contains no answer");
}

bool reply_decoder::error_is_theirs() const {
  return error_ && error_->code != "empty_reply" && error_->code != "malformed_reply" &&
         error_->code != "cut_reply";
}

void reply_decoder::check(bool within_limit) {
  if (!within_limit && !error_)
    error_ = failure("malformed_reply", "an event of the reply is too long");
}

void reply_decoder::take(const sse::item& item, deltas& out) {
  if (error_)
    return;
  if (item.name == "error") {
    error_ = error_event(item.data);
    return;
  }
  if (may_have_text(item) && half_.empty() &&
      take_plain_event(item.data, branch_, out, message_id_)) {
    answered_ = true;
    return;
  }
  if (half_.empty()) {
    const auto doc = json::parse(item.data);
    if (doc.error != json::fault::encoding)
      return take_parsed(item, doc, out);
  }
  take_parsed(item, json::parse(joined(item)), out);
}

void reply_decoder::take_parsed(const sse::item& item, const json::document& doc, deltas& out) {
  const auto is_event = doc && doc.root.IsObject() && !item.stray;
  const auto has_text = is_event && carries_text(item.name) && take_text(doc.root, branch_, out);
  if (!has_text) {
    error_ = parse_error(item.data);
    if (error_)
      return;
  }
  if (ends_ && !doc && (item.stray || item.data.starts_with('{'))) {
    error_ = failure("cut_reply", "the reply ends within an event");
    return;
  }
  auto understood = has_text;
  if (is_event) {
    understood |= is_known(item.name);
    understood |= take_message_id(doc.root, message_id_);
    understood |= take_finish_reason(doc.root, branch_, finish_reason_);
  }
  answered_ |= has_text || (is_event && tells_of_answer(item.name));
  skipped_ += understood ? 0 : 1;
}

/// An item's data with whole characters.
std::string reply_decoder::joined(const sse::item& item) {
  if (!may_have_text(item) || !json::parse_foreign(item.data).root.IsObject())
    return json::without_lone_halves(item.data);
  json::joined_text out{item.data};
  join_texts(out, item.data, branch_, half_);
  return out.finish();
}

} // namespace nekod::anuneko
