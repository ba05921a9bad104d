#include "protocol/openai/upstream/answer_decoder.hpp"

#include "protocol/openai/chat/choice_form.hpp"
#include "protocol/openai/chat/chunk_form.hpp"
#include "protocol/openai/upstream/answer_members.hpp"
#include "protocol/openai/upstream/failure_words.hpp"
#include "protocol/openai/upstream/stream_event.hpp"
#include "protocol/openai/upstream/upstream_failures.hpp"
#include "protocol/text/json.hpp"
#include "protocol/text/json_numbers.hpp"
#include "protocol/text/json_rewrite.hpp"
#include "protocol/text/json_spans.hpp"
#include "protocol/text/json_strings.hpp"

#include <algorithm>

namespace nekod::openai {
namespace {

/// The most choices that a request may ask for.
constexpr std::int64_t max_choices = 128;

/// Leading chunks without content are held back up to this number of bytes, then passed on.
constexpr std::size_t max_leading_bytes = 64u << 10;

error malformed(std::string_view what) {
  return {error_code::upstream_error, {}, std::string{what}};
}

error too_long() { return malformed("the upstream's answer is too long"); }

error no_chunk() { return malformed("an event of the upstream's stream is not a chunk"); }

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
    end(choices_.empty() ? "the upstream's answer is not a stream of chunks"
                         : "the upstream's stream ended early",
        out);
}

void answer_decoder::check(bool within_limit) {
  if (!within_limit && !whole_)
    fail(malformed("an event of the upstream's stream is too long"));
}

void answer_decoder::fail(error e) {
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
    fail(failure_of(0, parse_failure(item.data)));
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
  const auto finished = [](const choice_state& c) { return !c.reason.empty(); };
  if (choices_.empty() || !std::all_of(choices_.begin(), choices_.end(), finished))
    return fail(malformed(otherwise));
  if (!leading_.empty())
    out.append(std::exchange(leading_, deltas{deltas::form::members}));
  for (std::size_t i = 0; i < choices_.size(); ++i)
    hold_end(i);
  rest_.append(behind_);
  whole_ = true;
}

/// Holds back the one chunk that has the finish reason of a choice.
void answer_decoder::hold_end(std::size_t choice) {
  const auto& state = choices_[choice];
  if (!state.end.empty())
    return rest_.push_back(state.end);
  auto chunk = R"("choices":[{"index":)" + std::to_string(choice) + R"(,"delta":{)" +
               (state.has_role ? "" : R"("role":"assistant")") + R"(},"finish_reason":)";
  json::append_quoted(chunk, state.reason);
  rest_.push_back(chunk + "}]");
}

/// The fast path for nearly all chunks: the only choice goes on, in a chunk like an earlier one.
bool answer_decoder::take_like_before(std::string_view data, deltas& out) {
  if (!pattern_ || choices_.size() != 1)
    return false;
  members_.clear();
  auto silent = false;
  const auto taken = message_.take_text([&](std::string& text) {
    const auto before = text.size();
    const auto fits = pattern_->take(data, members_, text);
    silent = text.size() == before;
    return fits;
  });
  // A chunk without content after a finish reason is held back.
  if (!taken || (silent && ending_))
    return false;
  if (message_.size() > max_answer_bytes)
    fail(too_long());
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
  auto what = take_choices(*choices, doc.root, doc.root.GetAllocator());
  if (failure_)
    return;
  what.tells_more = !what.speaks && tells_more(doc.root, *choices, usage_);
  members_.clear();
  // Our events are one line, while JSON may have several.
  const auto one_line = is_one_line(data);
  if (one_line)
    append_members(members_, data, usage_,
                   what.changed ? json::rewritten(*choices, json::find_span(data, "choices")) : "");
  else
    append_members(members_, json::to_text(doc.root), usage_);
  if (what.ends && !what.speaks) {
    hold_back(*choices, what);
    return;
  }
  pass_on(what, out);
  // If half a character waits, the text of the next chunk has to be joined with it.
  if (one_line && spoke_ && what.speaks && halves_.empty())
    pattern_ = chunk_pattern::of(data, members_);
}

/// Keeps the current chunk, which has only finish reasons.
void answer_decoder::hold_back(const json::value& choices, const found& what) {
  if (choices.Size() == 1)
    choices_[index_of(choices[0])].end = members_;
  else if (what.tells_more)
    behind_.push_back(members_);
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
  found more;
  more.tells_more = true;
  pass_on(more, out);
}

void answer_decoder::pass_on(const found& what, deltas& out) {
  if (!what.speaks && ending_) {
    if (what.tells_more)
      behind_.push_back(members_);
    return;
  }
  if (!what.speaks && !spoke_ && leading_.text.size() < max_leading_bytes)
    return leading_.push_back(members_);
  if (!std::exchange(spoke_, true) && !leading_.empty())
    out.append(std::exchange(leading_, deltas{deltas::form::members}));
  out.push_back(members_);
}

answer_decoder::found answer_decoder::take_choices(json::value& choices, const json::value& chunk,
                                                   json_pool& pool) {
  found all;
  std::size_t position = 0;
  for (auto& choice : choices.GetArray()) {
    auto* state = state_of(choice, position++, chunk, pool, all);
    if (state == nullptr) {
      fail(malformed("a choice of the upstream's stream has no index"));
      return all;
    }
    take_choice(choice, *state, pool, all);
  }
  take_reasons(choices, pool, all);
  check_size();
  return all;
}

void answer_decoder::take_choice(json::value& choice, choice_state& state, json_pool& pool,
                                 found& all) {
  auto& delta = delta_of(choice, pool, all.changed);
  all.changed |= state.calls.repair(delta, pool);
  all.changed |= repair_role(delta, !state.has_role, pool);
  if (&state == &choices_[0])
    message_.take(delta);
  // The conversation keeps parts as parts; the client gets text.
  all.changed |= flatten_content(delta, pool);
  all.speaks |= speaks(delta);
  all.ends |= !reason_of(choice).empty();
}

/// Records the finish reasons of a chunk's choices, and removes them from the chunk unless it has
/// only the end of one choice.
void answer_decoder::take_reasons(json::value& choices, json_pool& pool, found& all) {
  ending_ |= all.ends;
  const auto is_end = all.ends && !all.speaks && choices.Size() == 1;
  for (auto& choice : choices.GetArray()) {
    auto& state = choices_[index_of(choice)];
    const auto reason = reason_of(choice);
    if (!reason.empty()) {
      state.reason = reason;
      state.end.clear();
    }
    // A chunk without content after a finish reason is held back, and another may replace it.
    state.has_role |= all.speaks || !ending_;
    const auto* told = json::find(choice, "finish_reason");
    if (is_end || told == nullptr || told->IsNull())
      continue;
    set_member(choice, "finish_reason", json::value{}, pool);
    all.changed = true;
  }
}

/// The state of a choice, which gets an index if it has none; null if the choice is invalid.
answer_decoder::choice_state* answer_decoder::state_of(json::value& choice, std::size_t position,
                                                       const json::value& chunk, json_pool& pool,
                                                       found& all) {
  if (!choice.IsObject())
    return nullptr;
  const auto* told = json::find(choice, "index");
  auto index = told == nullptr ? -1 : json::integer_of(*told).value_or(-1);
  if (index < 0) {
    index = static_cast<std::int64_t>(position);
    set_member(choice, "index", json::value{index}, pool);
    all.changed = true;
  }
  if (index >= max_choices)
    return nullptr;
  const auto at = static_cast<std::size_t>(index);
  while (choices_.size() <= at)
    choices_.emplace_back().calls = call_table{seed_of(chunk) + std::to_string(choices_.size())};
  return &choices_[at];
}

void answer_decoder::check_size() {
  auto size = message_.size();
  for (const auto& choice : choices_) {
    size += choice.calls.size();
    if (choice.calls.overfull())
      return fail(malformed("the upstream's answer has too many tool calls"));
  }
  if (size > max_answer_bytes)
    fail(too_long());
}

} // namespace nekod::openai
