#include "protocol/openai/upstream/answer_decoder.hpp"

#include "protocol/openai/chat/chunk_form.hpp"
#include "protocol/openai/upstream/answer_members.hpp"
#include "protocol/openai/upstream/failure_words.hpp"
#include "protocol/openai/upstream/stream_event.hpp"
#include "protocol/openai/upstream/upstream_failures.hpp"
#include "protocol/text/json.hpp"
#include "protocol/text/json_numbers.hpp"
#include "protocol/text/json_rewrite.hpp"
#include "protocol/text/json_spans.hpp"
#include "protocol/text/utf8.hpp"

#include <utility>

namespace nekod::openai {
namespace {

chat::failure malformed(std::string_view what) {
  return {chat::failure_code::upstream_error, {}, std::string{what}};
}

chat::failure no_chunk() { return malformed("an event of the upstream's stream is not a chunk"); }

bool is_one_line(std::string_view text) {
  return text.find('\n') == text.npos && text.find('\r') == text.npos;
}

} // namespace

void answer_decoder::feed(std::string_view bytes, deltas& out) {
  check(parser_.feed(bytes, [&](const sse::item& item) { take(item, out); }));
}

void answer_decoder::finish(deltas& out) {
  check(parser_.finish([&](const sse::item& item) { take(item, out); }));
  if (!whole_ && !failure_)
    end(choices_.size() == 0 ? "the upstream's answer is not a stream of chunks"
                             : "the upstream's stream ended early",
        out);
}

void answer_decoder::check(bool within_limit) {
  if (!within_limit && !whole_)
    fail(malformed("an event of the upstream's stream is too long"));
}

void answer_decoder::fail(chat::failure e) {
  if (!failure_)
    failure_ = std::move(e);
}

void answer_decoder::take(const sse::item& item, deltas& out) {
  if (whole_ || failure_)
    return;
  switch (event_of(item)) {
  case stream_event::nothing:
    break;
  case stream_event::foreign:
    ++skipped_;
    break;
  case stream_event::chunk:
    take_data(item.data, out);
    break;
  case stream_event::failure:
    fail(failure_of(0, parse_failure(failure_text(item))));
    break;
  case stream_event::done:
    end("the upstream's stream ended without a finish reason", out);
    break;
  }
}

/// The end of the stream.
/// @param otherwise The failure, if the stream is not complete.
void answer_decoder::end(std::string_view otherwise, deltas& out) {
  take_chunks(halves_.take_left(), out);
  if (failure_)
    return;
  if (!choices_.all_ended())
    return fail(malformed(otherwise));
  order_.finish(choices_.ends(), out);
  whole_ = true;
}

/// The fast path for nearly all chunks: the only choice goes on, in a chunk like an earlier one.
bool answer_decoder::take_like_before(std::string_view data, deltas& out) {
  if (!pattern_ || choices_.size() != 1)
    return false;
  members_.clear();
  auto silent = false;
  const auto taken = choices_.take_text([&](std::string& text) {
    const auto before = text.size();
    const auto fits = pattern_->take(data, members_, text);
    silent = text.size() == before;
    return fits;
  });
  // A chunk without content after a finish reason is held back.
  if (!taken || (silent && choices_.ending()))
    return false;
  if (choices_.is_too_long())
    fail(malformed("the upstream's answer is too long"));
  else
    out.push_back(members_);
  return true;
}

void answer_decoder::take_data(std::string_view data, deltas& out) {
  if (take_like_before(data, out))
    return;
  if (halves_.concern(data))
    take_joined(data, out);
  else
    take_chunk(data, out);
}

void answer_decoder::take_joined(std::string_view data, deltas& out) {
  const auto joined = halves_.join(data);
  if (!joined)
    return fail(no_chunk());
  take_chunk(*joined, out);
}

void answer_decoder::take_chunks(const std::vector<std::string>& chunks, deltas& out) {
  for (const auto& chunk : chunks)
    take_chunk(chunk, out);
}

void answer_decoder::take_chunk(std::string_view data, deltas& out) {
  pattern_.reset();
  auto doc = json::parse(data);
  if (doc.error == json::fault::syntax && json::has_odd_number(data))
    return take_chunk(json::without_odd_numbers(data), out);
  if (doc.error == json::fault::encoding && !is_utf8(data))
    return take_chunk(with_whole_characters(data), out);
  if (!doc)
    return fail(no_chunk());
  if (!doc.root.IsObject()) {
    auto words = doc.root.IsArray() ? parse_failure(data) : std::nullopt;
    return fail(words ? failure_of(0, std::move(words)) : no_chunk());
  }
  if (is_failure(doc.root))
    return fail(failure_of(0, parse_failure(data)));
  take_object(doc, data, out);
}

void answer_decoder::take_object(json::document& doc, std::string_view data, deltas& out) {
  auto* choices = json::find(doc.root, "choices");
  if (choices != nullptr && !choices->IsArray() && !choices->IsNull())
    return fail(malformed("a chunk of the upstream's stream has no list of choices"));
  if (choices == nullptr || choices->IsNull() || choices->Empty())
    return take_bare(doc.root, data, out);
  const auto what = choices_.take(*choices, doc.root, doc.root.GetAllocator());
  if (!what)
    return fail(malformed(what.error()));
  const auto has_more = !what->speaks && tells_more(doc.root, *choices, usage_);
  members_.clear();
  // Our events are one line, while JSON may have several.
  const auto one_line = is_one_line(data);
  if (one_line)
    append_members(members_, data, usage_,
                   what->changed ? json::rewritten(*choices, json::find_span(data, "choices"))
                                 : "");
  else
    append_members(members_, json::to_text(doc.root), usage_);
  if (what->ends && !what->speaks && choices->Size() == 1)
    return choices_.keep_end((*choices)[0], members_);
  order_.take(members_, {what->speaks, has_more}, choices_.ending(), out);
  // If half a character waits, the text of the next chunk has to be joined with it.
  if (one_line && order_.has_begun() && what->speaks && halves_.empty())
    pattern_ = chunk_pattern::of(data, members_);
}

/// Takes a chunk without choices. Clients access the first choice of each chunk, so such a chunk is
/// passed on only for a reason.
void answer_decoder::take_bare(const json::value& chunk, std::string_view data, deltas& out) {
  const auto* counted = json::find(chunk, "usage");
  const auto has_usage = counted != nullptr && !counted->IsNull();
  const auto* choices = json::find(chunk, "choices");
  const auto is_chunk = choices != nullptr && choices->IsArray();
  const auto goes_on = has_usage ? usage_ : is_chunk && has_further_members(chunk);
  if (!goes_on) {
    skipped_ += has_usage || is_chunk ? 0 : 1;
    return;
  }
  members_.clear();
  append_members(members_, is_one_line(data) ? data : json::to_text(chunk), usage_);
  order_.take(members_, {.speaks = false, .tells_more = true}, choices_.ending(), out);
}

} // namespace nekod::openai
