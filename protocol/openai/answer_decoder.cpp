#include "protocol/openai/answer_decoder.hpp"

#include "protocol/json.hpp"
#include "protocol/json_spans.hpp"
#include "protocol/openai/upstream_call.hpp"
#include "protocol/openai/whole_messages.hpp"

#include <algorithm>

namespace nekod::openai {
namespace {

/// As many choices as a request may ask for.
constexpr std::int64_t max_choices = 128;

error malformed(std::string_view what) {
  return {error_code::upstream_error, {}, std::string{what}};
}

/// Members that we write, or that a good answer must not have.
bool is_ours(std::string_view name) {
  return name == "id" || name == "object" || name == "created" || name == "model" ||
         name == "session_id" || name == "error";
}

/// Appends the members of *object* that are to go on.
void append_members(std::string& out, std::string_view object, bool usage) {
  auto has_choices = false;
  for (json::members m{object}; m.next();) {
    const auto is_choices = m.name() == "choices";
    // Of several choices the first are those that were looked into.
    const auto left_out = (m.name() == "usage" && !usage) ||
                          (is_choices && (has_choices || m.value() == "null")) || is_ours(m.name());
    if (left_out)
      continue;
    has_choices |= is_choices;
    if (!out.empty())
      out += ',';
    out += m.whole();
  }
  if (!has_choices)
    out += out.empty() ? R"("choices":[])" : R"(,"choices":[])";
}

bool is_error(const json::value& answer) {
  const auto* e = json::find(answer, "error");
  return e != nullptr && !e->IsNull();
}

/// Some say an empty reason as long as there is none.
bool is_finished(const json::value& choice) {
  return !json::find_string(choice, "finish_reason").value_or(std::string_view{}).empty();
}

/// Whether a member of an answer's message is to be told again. Reasoning is not, as in
/// `answer_assembly`; and servers that fill in what they do not say refuse to be told so.
bool is_told_again(const json::members& m) {
  if (m.name() == "content")
    return true;
  return !m.name().starts_with("reasoning") && m.value() != "null" && m.value() != "[]";
}

/// The message of a whole answer as it is sent again in the next turn.
std::string told_again(std::string_view object) {
  std::string out;
  for (json::members m{object}; m.next();) {
    if (!is_told_again(m))
      continue;
    out += out.empty() ? '{' : ',';
    out += m.whole();
  }
  return out.empty() ? "{}" : out + '}';
}

/// Bytes of chunks that say nothing past which they are passed on all the same.
constexpr std::size_t max_leading_bytes = 64u << 10;

/// Whether a chunk has more in it than who speaks.
bool says_something(const json::value* choices) {
  if (choices == nullptr || !choices->IsArray())
    return false;
  return std::any_of(choices->Begin(), choices->End(), [](const json::value& choice) {
    const auto* delta = json::find(choice, "delta");
    return delta != nullptr && delta->IsObject() &&
           std::any_of(delta->MemberBegin(), delta->MemberEnd(), [](const auto& m) {
             const auto& v = m.value;
             const auto empty = v.IsNull() || (v.IsString() && v.GetStringLength() == 0) ||
                                (v.IsArray() && v.Empty());
             return !empty && json::text_of(m.name) != "role";
           });
  });
}

} // namespace

void answer_decoder::feed(std::string_view bytes, deltas& out) {
  check(parser_.feed(bytes, [&](const sse::item& item) { take(item, out); }));
}

void answer_decoder::finish(deltas& out) {
  check(parser_.finish([&](const sse::item& item) { take(item, out); }));
  if (!whole_)
    fail(malformed(choices_.empty() ? "the upstream's answer is no stream of chunks"
                                    : "the upstream's stream ended early"));
}

void answer_decoder::check(bool within_limit) {
  if (!within_limit && !whole_)
    fail(malformed("an event of the upstream's is too long"));
}

void answer_decoder::fail(error e) {
  if (!failure_)
    failure_ = std::move(e);
}

void answer_decoder::take(const sse::item& item, deltas& out) {
  if (whole_ || failure_)
    return;
  if (item.data.empty() && item.name.empty())
    return; // Some keep a stream alive so.
  if (item.stray && !item.data.starts_with('{'))
    return; // A field that the standard does not know, which it has us ignore.
  if (item.stray || item.name == "error")
    fail(failure_of(0, parse_failure(item.data)));
  else if (item.data.starts_with("[DONE]"))
    take_done(out);
  else
    take_data(item.data, out);
}

void answer_decoder::take_done(deltas& out) {
  take_chunks(halves_.take_left(), out);
  const auto finished = [](const choice_state& c) { return c.finished; };
  if (choices_.empty() || !std::all_of(choices_.begin(), choices_.end(), finished))
    fail(malformed("the upstream's stream ended without a finish reason"));
  else
    whole_ = true;
}

/// The way of nearly all chunks: of the only choice, which goes on, and like one before.
bool answer_decoder::take_like_before(std::string_view data, deltas& out) {
  if (!pattern_ || choices_.size() != 1 || choices_[0].finished || choices_[0].held)
    return false;
  members_.clear();
  if (!message_.take_text([&](std::string& text) { return pattern_->take(data, members_, text); }))
    return false;
  check_size();
  if (!failure_)
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
    return fail(malformed("an event of the upstream's is no chunk"));
  take_chunks(joined->left, out);
  take_chunk(joined->text, out);
}

void answer_decoder::take_chunks(const std::vector<std::string>& chunks, deltas& out) {
  for (const auto& chunk : chunks)
    take_chunk(chunk, out);
}

void answer_decoder::take_chunk(std::string_view data, deltas& out) {
  const auto doc = json::parse(data);
  if (!doc || !doc.root.IsObject())
    return fail(malformed("an event of the upstream's is no chunk"));
  if (is_error(doc.root))
    return fail(failure_of(0, parse_failure(data)));
  const auto* choices = json::find(doc.root, "choices");
  if (choices != nullptr && !choices->IsArray() && !choices->IsNull())
    return fail(malformed("a chunk of the upstream's has no list of choices"));
  const auto held = take_choices(choices);
  if (failure_)
    return;
  const auto bare = choices == nullptr || !choices->IsArray() || choices->Empty();
  if (bare && !usage_ && json::find(doc.root, "usage") != nullptr)
    return; // Clients that did not ask for it look for its first choice.
  members_.clear();
  // An event of ours is one line, which JSON may be written over several of.
  const auto one_line = data.find('\n') == data.npos && data.find('\r') == data.npos;
  if (one_line)
    append_members(members_, data, usage_);
  else
    append_members(members_, json::to_text(doc.root), usage_);
  pass_on(held, !spoke_ && !says_something(choices), out);
  // The text of a chunk like it would have to be joined where a half waits for it.
  const auto has_like = one_line && spoke_ && halves_.empty();
  pattern_ = has_like ? chunk_pattern::of(data, members_) : std::nullopt;
}

void answer_decoder::pass_on(bool held, bool silent, deltas& out) {
  if (silent && !held && leading_.text.size() < max_leading_bytes) {
    leading_.push_back(members_);
    return;
  }
  if (!std::exchange(spoke_, true) && !leading_.empty())
    out.append(std::exchange(leading_, deltas{deltas::form::members}));
  (held ? rest_ : out).push_back(members_);
}

bool answer_decoder::take_choices(const json::value* choices) {
  if (choices == nullptr || !choices->IsArray() || choices->Empty())
    return !rest_.empty();
  auto held = false;
  for (const auto& choice : choices->GetArray()) {
    auto* state = state_of(choice);
    if (state == nullptr) {
      fail(malformed("a choice of the upstream's has no index"));
      return false;
    }
    state->finished |= is_finished(choice);
    held |= state->finished || state->held;
    if (const auto* delta = json::find(choice, "delta"); delta != nullptr && state == &choices_[0])
      message_.take(*delta);
  }
  if (held)
    for (const auto& choice : choices->GetArray())
      state_of(choice)->held = true;
  check_size();
  return held;
}

void answer_decoder::check_size() {
  if (message_.size() > max_answer_bytes)
    fail(malformed("the upstream's answer is too long"));
}

/// The state of a choice; null where it cannot be told which one it is.
answer_decoder::choice_state* answer_decoder::state_of(const json::value& choice) {
  if (!choice.IsObject())
    return nullptr;
  const auto* v = json::find(choice, "index");
  const auto index = v == nullptr ? 0 : json::integer_of(*v).value_or(-1);
  if (index < 0 || index >= max_choices)
    return nullptr;
  const auto place = static_cast<std::size_t>(index);
  if (choices_.size() <= place)
    choices_.resize(place + 1);
  return &choices_[place];
}

result<whole_answer, error> parse_whole_answer(std::string_view body) {
  if (json::has_lone_half(body))
    return parse_whole_answer(json::without_lone_halves(body));
  const auto doc = json::parse(body);
  if (!doc || !doc.root.IsObject())
    return malformed("the upstream's answer is no JSON object");
  if (is_error(doc.root))
    return failure_of(0, parse_failure(body));
  const auto* choices = json::find(doc.root, "choices");
  if (choices == nullptr || !choices->IsArray() || choices->Empty())
    return malformed("the upstream's answer has no choice");
  if (!std::all_of(choices->Begin(), choices->End(), is_finished))
    return malformed("the upstream's answer ended without a finish reason");
  json::elements first{json::find_span(body, "choices")};
  first.next();
  auto said = parse_message(told_again(json::find_span(first.value(), "message")));
  if (!said || said->speaker != role::assistant)
    return malformed("the upstream's answer has no message");
  whole_answer answer;
  answer.said = *std::move(said);
  append_members(answer.members, body, true);
  return answer;
}

} // namespace nekod::openai
