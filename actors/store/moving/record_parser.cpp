#include "actors/store/moving/record_parser.hpp"

#include "actors/store/moving/member_reader.hpp"
#include "actors/store/record_time.hpp"
#include "actors/store/sqlite/answer_json.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"
#include "protocol/text/hex.hpp"

#include <utility>

namespace nekod::moving {

namespace {

/// Names are in indexes, two of them in one: PostgreSQL's entries have at most 2,704 bytes.
constexpr std::size_t longest_name = 1000;

/// Digests and identities, in bytes.
constexpr std::size_t longest_digest = 64;

/// The number of digits of a key.
constexpr std::size_t key_digits = 64;

std::string name_in(member_reader& r, std::string_view name) {
  auto found = r.text(name, longest_name);
  if (found.empty())
    r.refuse(name, "must not be empty");
  return found;
}

upstream_chat chat_in(member_reader& r) {
  upstream_chat c;
  c.id = r.text("id");
  c.upstream = r.text("upstream");
  c.account = r.text("account");
  c.model = r.text("model");
  c.is_new = r.flag("is_new");
  c.unsettled_message = r.text("unsettled_message");
  c.messages = r.count("messages");
  c.unsure = r.flag("unsure");
  return c;
}

chat::message message_in(member_reader& r) {
  const auto text = r.text("message");
  auto read = openai::parse_message(text);
  if (!read)
    r.refuse("message", "must be a message");
  auto m = std::move(read).value_or(chat::message{});
  if (r.has("items")) {
    m.items = r.text("items");
    const auto parsed = json::parse(m.items);
    if (!parsed || !parsed.root.IsArray())
      r.refuse("items", "must be a JSON array");
  }
  return m;
}

std::optional<answered_turn> answer_in(member_reader& r) {
  const auto identity = r.bytes("identity", longest_digest);
  auto answer = parse_answer(r.text("answer"));
  if (answer)
    answer->identity = identity;
  else
    r.refuse("answer", "must be an answer");
  return answer;
}

session_info info_in(member_reader& r) {
  session_info info;
  info.id = name_in(r, "id");
  info.tenant = r.text("tenant", longest_name);
  info.model = r.text("model");
  info.created_at = time_of(r.number("created_at"));
  info.last_used = time_of(r.number("last_used"));
  info.turns = r.count("turns");
  info.conversation = r.text("conversation", longest_name);
  info.newest_response = r.text("newest_response");
  if (const auto time = r.number_or_null("kept_until"))
    info.kept_until = time_of(*time);
  return info;
}

session_record session_in(member_reader& r) {
  session_record s;
  s.info = info_in(r);
  s.metadata = r.object_text("metadata");
  s.scope = r.text("scope", longest_name);
  s.tip = conversation_tip::stored(r.bytes("tip", longest_digest));
  s.prompt = r.text_or_null("prompt", longest_name);
  r.inside("chat", [&](member_reader& chat) { s.chat = chat_in(chat); });
  s.info.has_upstream_chat = !s.chat.id.empty();
  r.each("messages", [&](member_reader& m) { s.transcript.push_back(message_in(m)); });
  if (r.has("answer"))
    r.inside_unless_null("answer", [&](member_reader& a) { s.answer = answer_in(a); });
  return s;
}

std::vector<stored_item> items_in(member_reader& r, std::string_view name) {
  std::vector<stored_item> items;
  r.each(name, [&](member_reader& i) {
    auto id = i.text("id", longest_name);
    items.emplace_back(std::move(id), i.object_text("item"));
  });
  return items;
}

response_record response_in(member_reader& r) {
  response_record p;
  p.id = name_in(r, "id");
  p.tenant = r.text("tenant", longest_name);
  p.session = r.text("session", longest_name);
  p.parent = r.text("parent", longest_name);
  p.state = r.flag("chainable") ? response_state::chainable : response_state::closed;
  p.object = r.object_text("object");
  p.created_at = time_of(r.number("created_at"));
  p.expires_at = time_of(r.number("expires_at"));
  p.input = items_in(r, "input");
  p.output = items_in(r, "output");
  return p;
}

head head_in(const json::value& line, std::string& problem) {
  member_reader r{line, "the head", problem};
  if (r.number("nekod_sessions") != format)
    r.refuse("nekod_sessions", "has a version of the format that this nekod does not know");
  head h{r.text("digest_key")};
  if (h.digest_key.size() != key_digits ||
      h.digest_key.find_first_not_of(upper_hex_digits) != h.digest_key.npos)
    r.refuse("digest_key", "must be 64 hexadecimal digits, in upper case");
  return h;
}

end end_in(member_reader& r) {
  end e;
  e.sessions = r.count("sessions");
  e.responses = r.count("responses");
  return e;
}

} // namespace

result<record_line, std::string> parse_line(std::string_view text) {
  const auto parsed = json::parse(text);
  if (!parsed || !parsed.root.IsObject())
    return std::string{"is not a JSON object"};
  std::string problem;
  record_line line;
  const auto is = [&](const char* kind, auto read) {
    const auto* v = json::find(parsed.root, kind);
    if (!v)
      return false;
    member_reader r{*v, kind, problem};
    line = read(r);
    return true;
  };
  if (json::find(parsed.root, "nekod_sessions"))
    line = head_in(parsed.root, problem);
  else if (!is("session", session_in) && !is("response", response_in) && !is("end", end_in))
    return std::string{"is no head, session, response or end"};
  if (!problem.empty())
    return problem;
  return line;
}

} // namespace nekod::moving
