#include "actors/store/moving/record_lines.hpp"

#include "actors/store/record_time.hpp"
#include "actors/store/sqlite/answer_json.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"
#include "protocol/text/hex.hpp"
#include "protocol/text/json_strings.hpp"

namespace nekod::moving {

namespace {

/// Writes the members of an object, one after the other.
class object_writer {
public:
  explicit object_writer(std::string& out) : out_(out) { out_ += '{'; }

  void text(std::string_view name, std::string_view value) {
    begin(name);
    json::append_quoted(out_, value);
  }
  void number(std::string_view name, std::int64_t value) {
    begin(name);
    out_ += std::to_string(value);
  }
  void flag(std::string_view name, bool value) {
    begin(name);
    out_ += value ? "true" : "false";
  }
  void none(std::string_view name) {
    begin(name);
    out_ += "null";
  }

  /// A member whose value the caller appends.
  std::string& begin(std::string_view name) {
    out_ += first_ ? "" : ",";
    first_ = false;
    json::append_quoted(out_, name);
    out_ += ':';
    return out_;
  }

  void end() { out_ += '}'; }

private:
  std::string& out_;
  bool first_ = true;
};

void append_chat(std::string& out, const upstream_chat& c) {
  object_writer o{out};
  o.text("id", c.id);
  o.text("upstream", c.upstream);
  o.text("account", c.account);
  o.text("model", c.model);
  o.flag("is_new", c.is_new);
  o.text("unsettled_message", c.unsettled_message);
  o.number("messages", static_cast<std::int64_t>(c.messages));
  o.flag("unsure", c.unsure);
  o.end();
}

void append_messages(std::string& out, const std::vector<chat::message>& messages) {
  const auto* before = "[";
  std::string json;
  for (const auto& m : messages) {
    out += std::exchange(before, ",");
    object_writer o{out};
    json.clear();
    openai::append_message(json, m);
    o.text("message", json);
    if (!m.items.empty())
      o.text("items", m.items);
    o.end();
  }
  out += messages.empty() ? "[]" : "]";
}

void append_items(std::string& out, const std::vector<stored_item>& items) {
  const auto* before = "[";
  for (const auto& i : items) {
    out += std::exchange(before, ",");
    object_writer o{out};
    o.text("id", i.id);
    o.text("item", i.json);
    o.end();
  }
  out += items.empty() ? "[]" : "]";
}

void append_answer(std::string& out, const answered_turn& a) {
  object_writer o{out};
  o.text("identity", hex_of(a.identity));
  o.text("answer", answer_json(a));
  o.end();
}

} // namespace

std::string hex_of(std::string_view bytes) {
  std::string out;
  out.reserve(2 * bytes.size());
  append_hex(out, bytes, upper_hex_digits);
  return out;
}

std::string line_of(const head& h) {
  std::string out;
  object_writer o{out};
  o.number("nekod_sessions", format);
  o.text("digest_key", h.digest_key);
  o.end();
  return out;
}

std::string line_of(const session_record& r) {
  std::string out;
  object_writer line{out};
  object_writer o{line.begin("session")};
  const auto& info = r.info;
  o.text("id", info.id);
  o.text("tenant", info.tenant);
  o.text("model", info.model);
  o.number("created_at", time_number(info.created_at));
  o.number("last_used", time_number(info.last_used));
  o.number("turns", static_cast<std::int64_t>(info.turns));
  o.text("conversation", info.conversation);
  o.text("newest_response", info.newest_response);
  if (info.kept_until == std::chrono::system_clock::time_point::min())
    o.none("kept_until");
  else
    o.number("kept_until", time_number(info.kept_until));
  o.text("metadata", r.metadata);
  o.text("scope", r.scope);
  o.text("tip", hex_of(r.tip.digest()));
  if (r.prompt)
    o.text("prompt", *r.prompt);
  else
    o.none("prompt");
  append_chat(o.begin("chat"), r.chat);
  append_messages(o.begin("messages"), r.transcript);
  if (r.answer)
    append_answer(o.begin("answer"), *r.answer);
  else
    o.none("answer");
  o.end();
  line.end();
  return out;
}

std::string line_of(const response_record& r) {
  std::string out;
  object_writer line{out};
  object_writer o{line.begin("response")};
  o.text("id", r.id);
  o.text("tenant", r.tenant);
  o.text("session", r.session);
  o.text("parent", r.parent);
  o.flag("chainable", r.state == response_state::chainable);
  o.text("object", r.object);
  o.number("created_at", time_number(r.created_at));
  o.number("expires_at", time_number(r.expires_at));
  append_items(o.begin("input"), r.input);
  append_items(o.begin("output"), r.output);
  o.end();
  line.end();
  return out;
}

std::string line_of(const end& e) {
  std::string out;
  object_writer line{out};
  object_writer o{line.begin("end")};
  o.number("sessions", static_cast<std::int64_t>(e.sessions));
  o.number("responses", static_cast<std::int64_t>(e.responses));
  o.end();
  line.end();
  return out;
}

} // namespace nekod::moving
