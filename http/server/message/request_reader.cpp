#include "http/server/message/request_reader.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace nekod::http {

namespace {

constexpr std::string_view head_end = "\r\n\r\n";

/// Whether a line ends with LF only. *before* precedes *bytes*.
bool has_bare_feed(std::string_view before, std::string_view bytes) {
  char last = before.empty() ? '\0' : before.back();
  for (auto i = bytes.find('\n'); i != std::string_view::npos; i = bytes.find('\n', i + 1))
    if ((i == 0 ? last : bytes[i - 1]) != '\r')
      return true;
  return false;
}

} // namespace

request_reader::request_reader(std::shared_ptr<const reading_rules> rules)
    : rules_(std::move(rules)), held_(byte_budget::for_request(rules_->budget)) {}

std::size_t request_reader::take(std::string_view bytes) {
  std::size_t taken = 0;
  // After a body that was handed on, nothing is read before its request is answered.
  const auto goes_on = [this, streamed = streaming()] { return !streamed || streaming(); };
  while (taken < bytes.size() && step_ != step::whole && goes_on()) {
    auto rest = bytes.substr(taken);
    switch (step_) {
    case step::head:
      taken += take_head(rest);
      break;
    case step::body:
      taken += take_body(rest);
      break;
    case step::chunked_body:
      taken += take_chunked(rest);
      break;
    case step::whole:
      break;
    }
  }
  return taken;
}

bool request_reader::take_continue_debt() noexcept { return std::exchange(owes_continue_, false); }

request request_reader::release() {
  auto result = std::exchange(what_, {});
  if (held_.size() > 0)
    result.held = std::exchange(held_, byte_budget::for_request(rules_->budget));
  if (!broken_)
    step_ = stream_ ? after_release_ : step::head;
  owes_continue_ = false;
  wanted_ = false;
  line_.clear();
  return result;
}

std::size_t request_reader::take_head(std::string_view bytes) {
  // Empty lines before a request are ignored.
  if (line_.empty()) {
    auto blank = std::min(bytes.find_first_not_of("\r\n"), bytes.size());
    if (blank > 0)
      return blank;
    if (!is_token_character(bytes.front())) {
      break_off(unread::malformed);
      return bytes.size();
    }
  }
  // The blank line may begin in earlier bytes.
  auto overlap = std::min(line_.size(), head_end.size() - 1);
  auto known = line_.size();
  std::string_view head = bytes;
  if (!line_.empty()) {
    line_.append(bytes);
    head = line_;
  }
  auto end = head.find(head_end, known - overlap);
  auto size = end == std::string_view::npos ? head.size() : end + head_end.size();
  if (has_bare_feed(head.substr(0, known), head.substr(known, size - known))) {
    break_off(unread::malformed);
    return bytes.size();
  }
  if (size > max_request_head) {
    break_off(unread::head);
    return bytes.size();
  }
  if (end == std::string_view::npos) {
    if (line_.empty())
      line_ = bytes;
    if (!held_.resize(line_.capacity()))
      break_off(unread::room);
    return bytes.size();
  }
  auto parsed = parse_request_head(head.substr(0, size));
  line_.clear();
  held_.force(0);
  if (parsed)
    begin_body(std::move(*parsed), size);
  else
    break_off(unread::malformed);
  return size - known;
}

void request_reader::begin_body(request_head head, std::size_t head_size) {
  what_ = std::move(head.what);
  chunks_ = {};
  lacking_ = head.content_length;
  if (!head.chunked && lacking_ == 0) {
    step_ = step::whole;
    return;
  }
  if (begin_stream(head) || !may_have(lacking_))
    return;
  owes_continue_ = head.expects_continue;
  step_ = head.chunked ? step::chunked_body : step::body;
  head_size_ = head_size;
  longest_body_ = head.chunked ? rules_->max_body : head.content_length;
}

/// Begins to hand on the body, if that is wanted. Small bodies of a known length are not handed on.
bool request_reader::begin_stream(const request_head& head) {
  const auto small = std::min<std::uint64_t>(small_body, rules_->max_body);
  if (!rules_->streams_body || (!head.chunked && lacking_ <= small))
    return false;
  const auto longest = rules_->streams_body(what_);
  if (!longest)
    return false;
  if (lacking_ > *longest) {
    break_off(unread::body);
    return true;
  }
  stream_ = std::make_shared<body_pipe>(head.chunked ? std::nullopt : std::optional{lacking_});
  what_.stream = stream_;
  longest_stream_ = *longest;
  streamed_ = 0;
  owes_continue_ = head.expects_continue;
  after_release_ = head.chunked ? step::chunked_body : step::body;
  step_ = step::whole;
  return true;
}

/// Whether the body may grow to *size*; breaks off if not.
bool request_reader::may_have(std::uint64_t size) {
  if (size > small_body && size <= rules_->max_body && !wanted_)
    wanted_ = !rules_->wants_body || rules_->wants_body(what_);
  if (size <= rules_->max_body && (size <= small_body || wanted_))
    return true;
  what_.body_size = size;
  break_off(unread::body);
  return false;
}

/// Adds to the body; breaks off if there is no room.
bool request_reader::append(std::string_view bytes) {
  if (stream_) {
    stream_->push(bytes);
    return true;
  }
  auto size = what_.body.size() + bytes.size();
  if (size > what_.body.capacity() && !make_room(size))
    return false;
  what_.body.append(bytes);
  return true;
}

/// Makes room for *size* bytes of the body, and for as many again if more may come; breaks off if
/// there is none.
bool request_reader::make_room(std::size_t size) {
  auto room = std::min<std::size_t>(std::max(size, 2 * what_.body.capacity()), longest_body_);
  if (room >= 2 * small_body && rules_->wants_body && !rules_->wants_body(what_)) {
    break_off(unread::body);
    return false;
  }
  if (!held_.resize(head_size_ + body_copies * room)) {
    break_off(unread::room);
    return false;
  }
  std::string larger; // A non-empty string's `reserve` takes more than requested.
  larger.reserve(room);
  larger.append(what_.body);
  what_.body = std::move(larger);
  return true;
}

std::size_t request_reader::take_body(std::string_view bytes) {
  auto size = std::min<std::uint64_t>(lacking_, bytes.size());
  if (!append(bytes.substr(0, size)))
    return bytes.size();
  lacking_ -= size;
  if (lacking_ == 0)
    end_body();
  return size;
}

void request_reader::end_body() {
  if (!stream_) {
    step_ = step::whole;
    return;
  }
  stream_->end(body_pipe::ending::whole);
  stream_.reset();
  step_ = step::head;
}

std::size_t request_reader::take_chunked(std::string_view bytes) {
  using part = chunk_framing::part;
  const auto piece = chunks_.take(bytes);
  if (piece.what == part::chunk) {
    begin_chunk(piece.size);
  } else if (piece.what == part::data) {
    if (!append(bytes.substr(0, piece.taken)))
      return bytes.size();
  } else if (piece.what == part::end) {
    what_.body_size = what_.body.size();
    end_body();
  } else if (piece.what == part::malformed) {
    break_off(unread::malformed);
  }
  return piece.taken;
}

/// Breaks off if the body may not grow by *size*.
void request_reader::begin_chunk(std::uint64_t size) {
  if (!stream_) {
    may_have(what_.body.size() + size);
    return;
  }
  streamed_ += size;
  if (streamed_ > longest_stream_)
    break_off(unread::body);
}

void request_reader::break_off(unread why) {
  if (streaming())
    stream_->end(why == unread::body ? body_pipe::ending::too_long : body_pipe::ending::malformed);
  what_.missing = why;
  what_.keep_alive = false;
  what_.body = std::string{};
  line_ = std::string{};
  held_.force(0);
  broken_ = true;
  step_ = step::whole;
}

} // namespace nekod::http
