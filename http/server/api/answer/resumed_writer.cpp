#include "http/server/api/answer/resumed_writer.hpp"

#include <string_view>
#include <utility>

namespace nekod::http {

namespace {

constexpr std::string_view end_of_event = "\n\n";

/// Whether a block of a stream is an event that counts.
bool counts(std::string_view block) {
  return !block.starts_with(':') && !block.starts_with("data: [DONE]");
}

class resumed_writer : public answer_writer {
public:
  resumed_writer(std::unique_ptr<answer_writer> all, std::uint64_t events)
      : all_(std::move(all)), left_(events) {}

  bool streams() const noexcept override { return all_->streams(); }
  const char* content_type() const noexcept override { return all_->content_type(); }
  std::string_view id_prefix() const noexcept override { return all_->id_prefix(); }
  bool begins_at_once() const noexcept override { return all_->begins_at_once(); }
  void introduce(const answer_head& head) override { all_->introduce(head); }
  std::size_t frame(deltas::form form) const noexcept override { return all_->frame(form); }

  void prelude(std::string& out) override {
    write(out, [&](std::string& to) { all_->prelude(to); });
  }

  void begin(std::string& out) override {
    write(out, [&](std::string& to) { all_->begin(to); });
  }

  void piece(std::string& out, deltas::form form, std::string_view text) override {
    write(out, [&](std::string& to) { all_->piece(to, form, text); });
  }

  void end(std::string& out, const chat::answer_end& end) override {
    write(out, [&](std::string& to) { all_->end(to, end); });
  }

  void failure(std::string& out, const chat::failure& reason, language lang) override {
    write(out, [&](std::string& to) { all_->failure(to, reason, lang); });
  }

  void heartbeat(std::string& out, std::chrono::milliseconds silence) override {
    all_->heartbeat(out, silence);
  }

  chat::failure told(const chat::failure& reason) const override { return all_->told(reason); }

  std::string whole(std::string_view text, const chat::answer_end& end) override {
    return all_->whole(text, end);
  }

private:
  /// Calls *f* to write, and leaves out the events that the client has. A call writes whole events.
  template <class F>
  void write(std::string& out, F f) {
    if (left_ == 0)
      return f(out);
    std::string events;
    f(events);
    std::string_view rest{events};
    while (!rest.empty()) {
      const auto end = rest.find(end_of_event);
      const auto size = end == std::string_view::npos ? rest.size() : end + end_of_event.size();
      const auto block = rest.substr(0, size);
      if (left_ > 0 && counts(block))
        --left_;
      else
        out += block;
      rest.remove_prefix(size);
    }
  }

  std::unique_ptr<answer_writer> all_;
  std::uint64_t left_;
};

} // namespace

std::unique_ptr<answer_writer> make_resumed_writer(std::unique_ptr<answer_writer> writer,
                                                   std::uint64_t events) {
  return std::make_unique<resumed_writer>(std::move(writer), events);
}

} // namespace nekod::http
