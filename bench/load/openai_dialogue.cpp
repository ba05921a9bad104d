#include "bench/load/openai_dialogue.hpp"

#include "bench/load/answers.hpp"
#include "bench/load/response_scan.hpp"

#include <utility>

namespace nekod::load {
namespace {

bool by_responses(const options& o) { return o.api == api::responses; }

event_form form_of(const options& o) {
  return by_responses(o) ? event_form{scan_event, parse_event} : event_form{};
}

} // namespace

openai_dialogue::openai_dialogue(const options& o, const post_writer& w, std::string name)
    : options_(o), talk_(o, w, std::move(name)) {}

void openai_dialogue::begin_turn() {
  const auto remembers = options_.by == continuation::history && options_.turns != 1;
  checker_ = stream_checker{remembers || !options_.expected_text.empty(), form_of(options_)};
  body_.clear();
  asked_ = false;
}

std::string openai_dialogue::next_request() {
  return std::exchange(asked_, true) ? std::string{} : talk_.next_turn();
}

std::size_t openai_dialogue::on_body(unsigned status, std::string_view bytes) {
  if (options_.stream && status == 200)
    return checker_.feed(bytes);
  constexpr std::size_t longest_body = 16u << 20;
  if (body_.size() < longest_body)
    body_ += bytes;
  return 0;
}

std::optional<fault> openai_dialogue::on_end(unsigned status) {
  if (status != 200)
    return refusal(status, body_);
  if (options_.stream)
    return check_stream();
  auto answer = by_responses(options_) ? read_whole_response(body_) : read_whole(body_);
  return answer.wrong ? std::move(answer.wrong) : take_answer(answer.text, std::move(answer.id));
}

std::optional<fault> openai_dialogue::check_stream() {
  if (auto wrong = checker_.finish())
    return wrong;
  const auto& wanted = options_.expected_pieces;
  if (wanted && checker_.pieces() != *wanted)
    return fault{fault_kind::wrong, "the number of pieces is not " + std::to_string(*wanted)};
  return take_answer(checker_.text(), checker_.id());
}

/// Keeps the answer for the next turns.
std::optional<fault> openai_dialogue::take_answer(std::string_view escaped, std::string id) {
  if (!options_.expected_text.empty() && !holds(escaped, talk_.expected_text()))
    return fault{fault_kind::wrong, "an answer does not contain the expected text"};
  talk_.answered(escaped, std::move(id));
  return std::nullopt;
}

} // namespace nekod::load
