#pragma once

#include "actors/messages.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nekod::test {

/// The events that a reply got.
struct reply_record {
  std::vector<std::string> log;
  turn_head head;
  chat::failure error;
  turn_actor session;
  /// Its number among the answer's readers.
  answer_log::reader_id reader = 0;
  /// Whether its client, when it leaves, is likely to retry.
  bool returns = false;
};

/// Records what it reads of an answer. Does not own its record, which owns the answer, which owns
/// this.
class recording_reader : public answer_reader {
public:
  explicit recording_reader(std::weak_ptr<reply_record> record) : record_(std::move(record)) {}

  void on_more() override {
    const auto record = record_.lock();
    if (!record)
      return;
    auto& log = record->log;
    if (auto [upstream, model] = record->head.answer->answerer();
        !upstream.empty() && !std::exchange(named_, true))
      log.push_back("by " + upstream + " " + model);
    record->head.answer->read(record->reader, [&](deltas::form, std::string_view piece) {
      log.push_back("delta " + std::string{piece});
      return true;
    });
  }

private:
  std::weak_ptr<reply_record> record_;
  bool named_ = false;
};

/// A REPLY that records its messages, and can be made to leave.
using recording_reply_actor = reply_actor::extend<
    // Its client leaves, then.
    caf::reacts_to<atom::gone, std::chrono::steady_clock::time_point>>;

inline recording_reply_actor::behavior_type
recording_reply(recording_reply_actor::pointer self, const std::shared_ptr<reply_record>& record) {
  return {
      [record, self](atom::begin, turn_head& head, turn_actor& session) {
        record->log.emplace_back("begin");
        record->head = std::move(head);
        record->session = std::move(session);
        record->reader = self->id();
        record->head.answer->attach(self->id(), std::make_shared<recording_reader>(record), {},
                                    answer_log::flow::paced);
      },
      [record, self](atom::finish, const chat::answer_end&) {
        record->log.emplace_back("finish");
        self->quit();
      },
      [record, self](atom::failed, const chat::failure& e) {
        record->log.emplace_back("failed");
        record->error = e;
        self->quit();
      },
      [self, record](atom::gone, std::chrono::steady_clock::time_point then) {
        client_left left;
        left.when = then;
        left.returns = record->returns;
        if (record->session)
          self->send(record->session, atom::leave_v, left);
        self->quit();
      },
  };
}

inline reply_actor spawn_recording_reply(caf::actor_system& system,
                                         std::shared_ptr<reply_record> record) {
  return system.spawn(recording_reply, std::move(record));
}

/// The client of a recording reply leaves now.
inline void leave_reply(const reply_actor& reply) {
  caf::anon_send(caf::actor_cast<recording_reply_actor>(reply), atom::gone_v,
                 std::chrono::steady_clock::now());
}

/// A request of one user message.
inline std::shared_ptr<chat::request> request_saying(const std::string& text) {
  auto result = std::make_shared<chat::request>();
  result->messages.emplace_back(chat::role::user, text);
  return result;
}

} // namespace nekod::test
