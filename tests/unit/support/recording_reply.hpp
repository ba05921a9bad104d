#pragma once

#include "actors/messages.hpp"

#include <memory>
#include <string>
#include <vector>

namespace nekod::test {

/// The events that a reply got.
struct reply_record {
  std::vector<std::string> log;
  turn_head head;
  openai::error error;
  credit_actor session;
  /// Whether its client, when it leaves, is likely to retry.
  bool returns = false;
};

/// A REPLY that records its messages. `atom::gone` makes it leave.
inline reply_actor::behavior_type recording_reply(reply_actor::pointer self,
                                                  const std::shared_ptr<reply_record>& record) {
  return {
      [record](atom::begin, turn_head& head, credit_actor& session) {
        record->log.emplace_back("begin");
        record->head = std::move(head);
        record->session = std::move(session);
      },
      [record](atom::changed, const std::string& upstream, const std::string& model) {
        record->log.push_back("by " + upstream + " " + model);
      },
      [record](atom::delta, const deltas& text, std::uint64_t) {
        record->log.push_back("delta " + text.text);
      },
      [record, self](atom::finish, const openai::answer_end&) {
        record->log.emplace_back("finish");
        self->quit();
      },
      [record, self](atom::failed, const openai::error& e) {
        record->log.emplace_back("failed");
        record->error = e;
        self->quit();
      },
      [](atom::written) {},
      [self, record](atom::gone, std::chrono::steady_clock::time_point then) {
        client_left left;
        left.when = then;
        left.returns = record->returns;
        if (record->session)
          self->send(record->session, atom::leave_v, left);
        self->quit();
      },
      [](atom::idle) {},
  };
}

/// A request of one user message.
inline std::shared_ptr<openai::chat_request> request_saying(const std::string& text) {
  auto result = std::make_shared<openai::chat_request>();
  result->messages.emplace_back(openai::role::user, text);
  return result;
}

} // namespace nekod::test
