#include "actors/session/last_answer.hpp"

#include <tuple>
#include <utility>

namespace nekod {

void last_answer::begin_from(std::optional<answered_turn> stored) {
  last_ = std::move(stored);
  outdated_in_record_ = false;
}

void last_answer::remember(const turn& what, std::optional<unsigned> count,
                           const answer_log& answer, const chat::answer_end& end) {
  const auto& retries = what.request->retries;
  const auto is_found_again =
      what.match == session_match::explicit_id || what.follows || what.digests.tell_history();
  const auto is_short = answer.size() + end.rest.text.size() < max_rereadable_bytes;
  answered_turn answered;
  answered.lasting = is_short && (!retries.key.empty() || (retries.count && is_found_again));
  if (!answered.lasting)
    forget();
  last_.reset();
  if (!is_short)
    return;
  answered.identity = what.identity;
  answered.match = what.match;
  answered.answer_id = answer.identity();
  answered.pieces = answer.pieces();
  answered.end = end;
  std::tie(answered.answered_by, answered.model) = answer.answerer();
  answered.count = count;
  last_ = std::move(answered);
}

void last_answer::forget(const std::string& identity) {
  if (find(identity))
    forget();
}

void last_answer::forget() {
  if (is_recorded())
    outdated_in_record_ = true;
  last_.reset();
}

const answered_turn* last_answer::find(const std::string& identity) const noexcept {
  return last_ && last_->identity == identity ? &*last_ : nullptr;
}

std::optional<answered_turn> last_answer::for_record() const {
  return is_recorded() ? last_ : std::nullopt;
}

std::shared_ptr<answer_log> replay(const answered_turn& t, home_loop home,
                                   std::size_t credit_step) {
  auto log = std::make_shared<answer_log>(t.answer_id, home, credit_step);
  log->answered_by(t.answered_by, t.model);
  log->append(t.pieces, 0);
  return log;
}

} // namespace nekod
