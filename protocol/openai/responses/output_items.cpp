#include "protocol/openai/responses/output_items.hpp"

#include "protocol/text/json_spans.hpp"
#include "protocol/text/json_strings.hpp"
#include "protocol/text/words.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace nekod::openai::responses {
namespace {

using output_kind = output_item::kind;
using part_kind = output_part::kind;

finished_item finished(const output_item& item, item_status status) {
  finished_item result{item.id, std::string{type_of(item.what)}, {}};
  append_item(result.json, item, status);
  return result;
}

/// A finish reason that says that an answer is cut, in lower case, and its meaning.
struct cut_reason {
  std::string_view name;
  std::string_view meaning;
};

/// Those of OpenAI, Anthropic, Gemini, Mistral, Zhipu, DeepSeek, OpenRouter and vLLM. That a server
/// broke off has no reason among OpenAI's; clients know this one.
constexpr std::array<cut_reason, 16> cut_reasons{{{"length", "max_output_tokens"},
                                                  {"max_tokens", "max_output_tokens"},
                                                  {"model_length", "max_output_tokens"},
                                                  {"content_filter", "content_filter"},
                                                  {"sensitive", "content_filter"},
                                                  {"safety", "content_filter"},
                                                  {"recitation", "content_filter"},
                                                  {"blocklist", "content_filter"},
                                                  {"prohibited_content", "content_filter"},
                                                  {"spii", "content_filter"},
                                                  {"error", "interrupted"},
                                                  {"abort", "interrupted"},
                                                  {"aborted", "interrupted"},
                                                  {"cancelled", "interrupted"},
                                                  {"network_error", "interrupted"},
                                                  {"insufficient_system_resource", "interrupted"}}};

/// Why a response with this finish reason is incomplete; empty if it is not.
std::string_view incomplete_reason(std::string_view finish_reason) {
  const auto found = std::ranges::find_if(
      cut_reasons, [&](const auto& r) { return same_word(finish_reason, r.name); });
  return found == cut_reasons.end() ? std::string_view{} : found->meaning;
}

} // namespace

output_items::output_items(std::string answer_id, reasoning_form reasoning, tool_bridge bridge,
                           item_listener* listener)
    : answer_id_(std::move(answer_id)),
      reasoning_(reasoning.in_summary ? part_kind::summary_text : part_kind::reasoning_text),
      seals_reasoning_(reasoning.sealed),
      bridge_(std::move(bridge)),
      listener_(listener) {}

void output_items::take(deltas::form form, std::string_view piece) {
  if (form == deltas::form::text) {
    take_text(piece);
    return;
  }
  const auto text = reader_.read_like_before(piece);
  if (text.data() == nullptr)
    take_chunk(piece);
  else if (reader_.kind_before() == part_kind::output_text)
    add(output_kind::message, part_kind::output_text, text);
  else
    add(output_kind::reasoning, reasoning_, text);
}

void output_items::take_text(std::string_view text) {
  grown_.clear();
  json::append_escaped(grown_, text);
  add(output_kind::message, part_kind::output_text, grown_);
}

void output_items::take_chunk(std::string_view members) {
  const auto& found = reader_.read(members);
  add(output_kind::reasoning, reasoning_, found.reasoning);
  add_elsewhere(output_kind::message, part_kind::output_text, found.text, found.logprobs);
  add(output_kind::message, part_kind::refusal, found.refusal);
  if (!found.annotations.empty())
    annotate(found.annotations);
  for (const auto& call : found.calls)
    take_call(call);
  if (!found.finish_reason.empty())
    finish_reason_ = found.finish_reason;
  if (found.usage)
    usage_ = found.usage;
}

void output_items::add(output_kind item, part_kind part, std::string_view text) {
  if (text.empty())
    return;
  if (!growing_ || growing_->what != part) {
    add_elsewhere(item, part, text, {});
    return;
  }
  growing_->text += text;
  if (listener_)
    listener_->part_grows(text, {});
}

/// Adds a text where nothing is known of the text before it.
void output_items::add_elsewhere(output_kind item, part_kind part, std::string_view text,
                                 std::string_view logprobs) {
  if (text.empty())
    return;
  auto& d =
      drafts_.empty() || drafts_.back().item.what != item ? begin_draft(item) : drafts_.back();
  grow(d, part, text, logprobs);
  if (drafts_.size() > 1)
    advance();
}

/// Appends to the last part of an item, or begins another one.
void output_items::grow(draft& d, part_kind part, std::string_view text,
                        std::string_view logprobs) {
  auto& parts = d.item.parts;
  auto* heard_by = open_ && &d == &drafts_.front() ? listener_ : nullptr;
  if (parts.empty() || parts.back().what != part) {
    if (heard_by && !parts.empty())
      heard_by->part_ends(d.item, parts.size() - 1);
    parts.emplace_back().what = part;
    if (heard_by)
      heard_by->part_begins(d.item, parts.size() - 1);
  }
  auto& at_hand = parts.back();
  at_hand.text += text;
  if (!logprobs.empty()) {
    if (!at_hand.logprobs.empty())
      at_hand.logprobs += ',';
    at_hand.logprobs += logprobs;
  }
  if (heard_by && !text.empty())
    heard_by->part_grows(text, logprobs);
  growing_ = open_ && drafts_.size() == 1 && !d.item.is_call() ? &at_hand : nullptr;
}

/// Adds annotations of a chat's message to its text, unless that has ended.
void output_items::annotate(std::string_view annotations) {
  const auto is_text = [](const draft& d) {
    return !d.item.parts.empty() && d.item.parts.back().what == part_kind::output_text;
  };
  const auto d = std::ranges::find_if(drafts_, is_text);
  if (d == drafts_.end())
    return;
  auto& list = d->item.parts.back().annotations;
  for (json::elements e{annotations}; e.next();) {
    auto citation = citation_of(e.value());
    if (citation.empty() || std::ranges::find(list, citation) != list.end())
      continue; // Some servers repeat them in each chunk.
    list.push_back(std::move(citation));
    if (listener_ && open_ && d == drafts_.begin())
      listener_->part_annotated(d->item, d->item.parts.size() - 1, list.size() - 1);
  }
}

void output_items::grow_call(draft& d, std::string_view text) {
  if (!text.empty())
    grow(d, d.item.parts.back().what, text, {});
}

void output_items::take_call(const call_piece& piece) {
  auto* d = draft_of(piece.index);
  if (!d) {
    if (!calls_.insert(piece.index).second)
      return; // Its arguments were complete, and another item has begun.
    d = &begin_draft(output_kind::function_call);
    d->index = piece.index;
  }
  grown_.clear();
  d->call.take(piece, bridge_, d->item, grown_);
  grow_call(*d, grown_);
  if (!open_)
    open_front();
  if (drafts_.size() > 1)
    advance();
}

output_items::draft* output_items::draft_of(std::int64_t call) {
  const auto found = std::find_if(drafts_.begin(), drafts_.end(), [&](const draft& d) {
    return d.item.is_call() && d.index == call;
  });
  return found == drafts_.end() ? nullptr : &*found;
}

output_items::draft& output_items::begin_draft(output_kind what) {
  growing_ = nullptr;
  auto& d = drafts_.emplace_back();
  d.item.what = what;
  d.item.index = count_++;
  d.item.sealed = seals_reasoning_ && what == output_kind::reasoning;
  if (what != output_kind::reasoning)
    has_answer_ = true;
  // A call is announced with its name.
  if (drafts_.size() == 1 && !d.item.is_call())
    open_front();
  return d;
}

/// Ends items while another one waits behind them, and announces the next ones.
void output_items::advance() {
  while (drafts_.size() > 1 && may_end(drafts_.front())) {
    end_front(item_status::completed);
    open_front();
  }
}

bool output_items::may_end(const draft& d) const {
  return open_ && (!d.item.is_call() || d.call.complete());
}

/// Announces the first item, with what it has.
void output_items::open_front() {
  auto& d = drafts_.front();
  if (d.item.is_call() && !call_draft::can_begin(d.item))
    return;
  open_ = true;
  identify(d.item);
  if (!listener_)
    return;
  listener_->item_begins(d.item);
  for (std::size_t i = 0; i < d.item.parts.size(); ++i) {
    if (i > 0)
      listener_->part_ends(d.item, i - 1);
    listener_->part_begins(d.item, i);
    const auto& part = d.item.parts[i];
    if (!part.text.empty())
      listener_->part_grows(part.text, part.logprobs);
    for (std::size_t a = 0; a < part.annotations.size(); ++a)
      listener_->part_annotated(d.item, i, a);
  }
}

/// Announces the first item, which the answer's end leaves without a name or an id, too.
void output_items::open_front_anyhow() {
  auto& d = drafts_.front();
  if (d.item.is_call()) {
    grown_.clear();
    d.call.begin_anyhow("call_" + item_id(d.item.what, answer_id_, d.item.index), d.item, grown_);
    grow_call(d, grown_);
  }
  open_front();
}

/// Gives an item its id, and a call one of its own if another call has the same.
void output_items::identify(output_item& item) {
  item.id = item_id(item.what, answer_id_, item.index);
  if (item.is_call() && !call_ids_.insert(item.call_id).second) {
    item.call_id = "call_" + item.id;
    call_ids_.insert(item.call_id);
  }
}

void output_items::end_front(item_status status) {
  auto& d = drafts_.front();
  if (d.item.is_call()) {
    grown_.clear();
    d.call.finish(d.item, grown_);
    grow_call(d, grown_);
  }
  finished_.push_back(finished(d.item, status));
  if (listener_) {
    if (!d.item.parts.empty())
      listener_->part_ends(d.item, d.item.parts.size() - 1);
    listener_->item_ends(d.item, finished_.back().json);
  }
  drafts_.pop_front();
  open_ = false;
  growing_ = nullptr;
}

void output_items::end(const chat::answer_end& end) {
  end.rest.for_each([&](std::string_view piece) { take(end.rest.what, piece); });
  if (finish_reason_.empty())
    finish_reason_ = name_of(end.reason);
  const auto cut = !incomplete_reason(finish_reason_).empty();
  if (!has_answer_ && (!cut || count_ == 0)) {
    begin_draft(output_kind::message);
    grow(drafts_.back(), part_kind::output_text, {}, {});
    advance();
  }
  while (!drafts_.empty()) {
    auto& d = drafts_.front();
    if (!open_)
      open_front_anyhow();
    const auto is_cut = cut && (drafts_.size() == 1 || !may_end(d));
    end_front(is_cut ? item_status::incomplete : item_status::completed);
  }
}

void output_items::break_off() {
  if (open_) {
    auto& d = drafts_.front();
    finished_.push_back(finished(d.item, item_status::incomplete));
  }
  drafts_.clear();
  open_ = false;
  growing_ = nullptr;
}

response_result output_items::take_result(std::int64_t now) {
  response_result result;
  result.incomplete_reason = incomplete_reason(finish_reason_);
  const auto completed = result.incomplete_reason.empty();
  result.status = completed ? response_status::completed : response_status::incomplete;
  if (completed)
    result.completed_at = now;
  result.output = take_items();
  result.usage = usage_.value_or(token_usage{});
  return result;
}

} // namespace nekod::openai::responses
