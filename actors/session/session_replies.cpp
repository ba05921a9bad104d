#include "actors/session/session_replies.hpp"

#include <utility>

namespace nekod {

session_replies::session_replies(private_session_actor::pointer self,
                                 std::shared_ptr<metrics> counts)
    : self_(self), counts_(std::move(counts)) {}

void session_replies::begin(const reply_actor& reply, turn_head head) {
  head.answer->add_reader(reply.id());
  self_->send(reply, atom::begin_v, std::move(head), caf::actor_cast<turn_actor>(self_));
}

void session_replies::finish(const turn_readers& readers, const chat::answer_end& end) {
  readers.for_each([&](const reply_actor& reply) { self_->send(reply, atom::finish_v, end); });
}

void session_replies::fail(const turn_readers& readers, const chat::failure& reason) {
  readers.for_each([&](const reply_actor& reply) { self_->send(reply, atom::failed_v, reason); });
}

void session_replies::fail_counted(const turn_readers& readers, turn_outcome outcome,
                                   const chat::failure& reason, double turns) {
  counts_->turn_failed(outcome, reason.code, turns);
  fail(readers, reason);
}

} // namespace nekod
