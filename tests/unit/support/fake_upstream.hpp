#pragma once

#include "actors/upstream/upstream.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nekod::test {

/// A list of models with names only.
inline std::vector<chat::listed_model> listed(const std::vector<std::string>& names) {
  return {names.begin(), names.end()};
}

/// A chat service that does what the test says, and records what it is asked.
class fake_upstream : public upstream_service {
public:
  /// A session's line.
  struct line : upstream_conversation {
    line(fake_upstream& p, upstream_chat known, upstream_listener& l, conversation_context c)
        : parent(p), state(std::move(known)), listener(l), context(std::move(c)) {}
    line(const line&) = delete;
    line& operator=(const line&) = delete;
    ~line() override { std::erase(parent.lines, this); }

    void begin(const upstream_turn& turn) override {
      parent.log.push_back("begin " + turn.text);
      parent.turns.push_back(turn);
      if (!parent.can.stateless)
        parent.seeded_texts.push_back(listener.seeded_text());
      if (!parent.can.stateless) {
        state.id = "chat";
        state.upstream = parent.called;
      }
    }
    void settle() override { parent.log.emplace_back("settle"); }
    void cancel(std::optional<std::chrono::steady_clock::time_point> client_left) override {
      parent.log.emplace_back(client_left ? "cancel, left" : "cancel");
    }
    void let_go() override {
      parent.log.emplace_back("let go");
      state = upstream_chat{};
    }
    void give_up_late() override { parent.log.emplace_back("too late"); }
    bool may_have_reached() const noexcept override { return told; }
    void grant(std::size_t bytes) override { granted += bytes; }
    void on_transfer(transfer_event&&) override {
      auto f = std::move(happenings.front());
      happenings.pop_front();
      f();
    }
    void on_wake(std::uint64_t number) override {
      parent.log.push_back("wake " + std::to_string(number));
    }
    const upstream_chat& chat() const noexcept override { return state; }

    // What the service does; the session hears of it when its actor runs.

    void say(const std::string& text) {
      happen([this, text] {
        deltas d;
        d.push_back(text);
        listener.on_deltas(std::move(d), text.size());
      });
    }
    void end_answer() {
      happen([this] { listener.on_answer({chat::finish_reason::stop}); });
    }
    /// As a stateless service does it.
    void end_answer(chat::message said) {
      happen([this, said] {
        upstream_answer answer{chat::answer_end{}};
        answer.end.rest.push_back("\"choices\":[]");
        answer.said = said;
        listener.on_answer(std::move(answer));
      });
    }
    void end_settling() {
      happen([this] { listener.on_settled(); });
    }
    void fail(chat::failure_code code, remedy help = remedy::none) {
      fail_with({chat::failure{code}, help});
    }
    void fail_with(const upstream_failure& f) {
      happen([this, f] { listener.on_failure(f); });
    }

    void happen(std::function<void()> f) {
      happenings.push_back(std::move(f));
      context.events(transfer_event{});
    }

    /// The same within a call of the transfer's, while no actor runs.
    void happen_in_transfer(std::function<void()> f) {
      happenings.push_back(std::move(f));
      transfer_event bytes;
      bytes.what = transfer_event::kind::data;
      context.events(std::move(bytes));
    }

    fake_upstream& parent;
    upstream_chat state;
    upstream_listener& listener;
    conversation_context context;
    std::deque<std::function<void()>> happenings;
    std::size_t granted = 0;
    bool told = true;
  };

  std::unique_ptr<upstream_conversation> open(upstream_chat known, upstream_listener& listener,
                                              conversation_context context) override {
    if (opened)
      opened(known);
    auto result = std::make_unique<line>(*this, std::move(known), listener, std::move(context));
    lines.push_back(result.get());
    return result;
  }

  void list_models(models_handler f) override { model_queries.push_back(std::move(f)); }
  upstream_abilities abilities() const override { return can; }
  upstream_state state() const override { return stands; }
  bool admits(const std::string&) const override { return admitting; }
  std::optional<std::chrono::milliseconds> probe() override {
    ++probes;
    return next_probe;
  }
  void on_probes_needed(std::function<void()> f) override {
    if (keeps_probe_signal)
      probes_needed = std::move(f);
  }
  std::string_view name() const noexcept override { return called; }
  std::string_view kind() const noexcept override { return "fake"; }
  std::string default_model() const override { return default_name; }
  std::string public_model_id(std::string_view name) const override {
    return "public-" + std::string{name};
  }

  /// What lines were asked, in order.
  std::vector<std::string> log;
  std::vector<upstream_turn> turns;
  /// What new chats would have been told in them.
  std::vector<std::string> seeded_texts;
  /// Is told of each chat that a line begins with; may be empty.
  std::function<void(const upstream_chat&)> opened;
  /// The lines that are open.
  std::vector<line*> lines;
  std::vector<models_handler> model_queries;
  std::string called = "fake";
  std::string default_name = "Orange Cat";
  upstream_state stands;
  bool admitting = true;
  int probes = 0;
  std::optional<std::chrono::milliseconds> next_probe;
  /// An actor may be behind the signal, so a test that keeps it drops it before the system ends.
  bool keeps_probe_signal = false;
  std::function<void()> probes_needed;
  upstream_abilities can;
};

} // namespace nekod::test
