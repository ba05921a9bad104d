#include "actors/store/postgres/session_rows.hpp"

#include "actors/store/postgres/value_text.hpp"
#include "actors/store/record_time.hpp"
#include "actors/store/sqlite/answer_json.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"

#include <charconv>
#include <system_error>
#include <utility>

namespace nekod::postgres {

namespace {

using std::chrono::system_clock;

/// The columns of a session that `info_at` reads.
std::string info_columns_of(const std::string& row) {
  std::string out;
  for (const auto* column : {"id", "tenant", "model", "created_at", "last_used", "turns",
                             "conversation", "newest_response", "kept_until", "chat_id"})
    out.append(out.empty() ? "" : ", ").append(row).append(".").append(column);
  return out;
}

/// How many these are.
constexpr int info_column_count = 10;

/// The columns of the record that are not among them.
std::string record_columns_of(const std::string& row) {
  std::string out;
  for (const auto* column :
       {"version", "metadata", "scope", "tip", "prompt", "chat_upstream", "chat_account",
        "chat_model", "chat_is_new", "unsettled_message", "chat_messages", "unsure"})
    out.append(out.empty() ? "" : ", ").append(row).append(".").append(column);
  return out;
}

std::string number_text(std::int64_t n) { return std::to_string(n); }

/// `$1, $2` and so on; *count* of them from *first* on.
std::string places(std::size_t first, std::size_t count) {
  std::string out;
  for (auto i = first; i < first + count; ++i)
    out.append(out.empty() ? "$" : ", $").append(std::to_string(i));
  return out;
}

session_info info_at(const rows& r, std::size_t row, int column) {
  session_info info;
  info.id = r.text(row, column++);
  info.tenant = r.text(row, column++);
  info.model = r.text(row, column++);
  info.created_at = time_of(r.number(row, column++));
  info.last_used = time_of(r.number(row, column++));
  info.turns = static_cast<std::uint64_t>(r.number(row, column++));
  info.conversation = r.text(row, column++);
  info.newest_response = r.text(row, column++);
  if (!r.is_null(row, column))
    info.kept_until = time_of(r.number(row, column));
  info.has_upstream_chat = !r.text(row, ++column).empty();
  return info;
}

/// Reads messages and their items. Changes count messages, so one that cannot be read keeps its
/// position, as an empty one.
std::vector<chat::message> messages_at(const rows& r, int messages, int items) {
  std::vector<chat::message> result;
  auto texts = r.array(0, messages);
  auto own = r.array(0, items);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    result.push_back(openai::parse_message(texts[i]).value_or(chat::message{}));
    if (i < own.size())
      result.back().items = std::move(own[i]);
  }
  return result;
}

/// The record whose info begins in column *at*.
session_record record_at(const rows& r, int at) {
  session_record record;
  record.info = info_at(r, 0, at);
  auto& chat = record.chat;
  chat.id = r.text(0, at + info_column_count - 1);
  auto column = at + info_column_count + 1; // Behind the version.
  record.metadata = r.text(0, column++);
  record.scope = r.text(0, column++);
  record.tip = conversation_tip::stored(r.bytes(0, column++));
  if (!r.is_null(0, column))
    record.prompt = r.text(0, column);
  chat.upstream = r.text(0, ++column);
  chat.account = r.text(0, ++column);
  chat.model = r.text(0, ++column);
  chat.is_new = r.flag(0, ++column);
  chat.unsettled_message = r.text(0, ++column);
  chat.messages = static_cast<std::uint64_t>(r.number(0, ++column));
  chat.unsure = !chat.id.empty() && r.flag(0, ++column);
  return record;
}

query_value kept_until(const session_info& info) {
  if (info.kept_until == system_clock::time_point::min())
    return std::nullopt;
  return number_text(time_number(info.kept_until));
}

} // namespace

std::string token_text(const session_token& token) {
  return token.node + '/' + std::to_string(token.number);
}

std::optional<session_token> token_of(const std::string& text) {
  const auto slash = text.rfind('/');
  if (slash == std::string::npos)
    return std::nullopt;
  session_token token{text.substr(0, slash), 0};
  const auto* end = text.data() + text.size();
  const auto [stop, e] = std::from_chars(text.data() + slash + 1, end, token.number);
  return e == std::errc{} && stop == end ? std::optional{token} : std::nullopt;
}

// -- to take -------------------------------------------------------------------------------------

query take_query(const node_facts& node, const session_wanted& wanted,
                 const std::vector<std::string>& released, bool takes_over) {
  // `how, key, identity, answer, messages, items`, then the record.
  static const std::string sql =
      "SELECT t.how, t.key, t.identity, t.answer, t.messages, t.items, " +
      info_columns_of("(t.stored)") + ", " + record_columns_of("(t.stored)") +
      " FROM nekod.take_1(" + places(1, 12) + ") AS t";
  const auto tip = wanted.tip.value_or(session_tip{});
  query q;
  q.sql = sql;
  q.values = {
      node.id,
      token_text(wanted.token),
      wanted.tenant,
      wanted.id,
      bytes_text(wanted.identity),
      number_text(static_cast<int>(wanted.answer)),
      tip.scope,
      bytes_text(tip.digest),
      number_text(static_cast<std::int64_t>(wanted.known_version)),
      array_text({released.begin(), released.end()}),
      flag_text(takes_over),
      flag_text(node.keeps_texts),
  };
  return q;
}

take_outcome taken_of(const rows& found, const session_wanted& wanted) {
  constexpr int record_column = 6;
  constexpr int version_column = record_column + info_column_count;
  constexpr std::int64_t busy = 4;
  take_outcome result;
  auto& taken = result.taken;
  const auto by = found.empty() ? 0 : found.number(0, 0);
  if (by == busy) {
    result.busy = found.number(0, 1);
    return result;
  }
  if (by == 0) {
    if (!wanted.id.empty())
      taken.token = wanted.token;
    return result;
  }
  taken.token = wanted.token;
  taken.by = static_cast<found_by>(by);
  taken.version = static_cast<std::uint64_t>(found.number(0, version_column));
  taken.key = session_key{info_at(found, 0, record_column)};
  if (taken.version == wanted.known_version)
    return result;
  auto& record = taken.record.emplace(record_at(found, record_column));
  record.transcript = messages_at(found, 4, 5);
  if (!found.is_null(0, 3))
    record.answer = parse_answer(found.text(0, 3));
  if (record.answer)
    record.answer->identity = found.bytes(0, 2);
  return result;
}

// -- to commit -----------------------------------------------------------------------------------

query commit_query(const node_facts& node, const session_commit& c, const std::string& name) {
  static const std::string sql = "SELECT nekod.commit_1(" + places(1, 32) + ")";
  const auto& r = c.record;
  std::vector<std::string> written;
  std::vector<std::string_view> messages;
  std::vector<std::string_view> items;
  query_value answer;
  query_value answer_age;
  if (node.keeps_texts) {
    for (const auto& m : c.messages.added) {
      openai::append_message(written.emplace_back(), m);
      items.push_back(m.items);
    }
    messages = {written.begin(), written.end()};
    if (r.answer)
      answer = answer_json(*r.answer);
    if (r.answer && !r.answer->lasting)
      answer_age = number_text(node.answer_age.count());
  }
  query q;
  q.sql = sql;
  q.values = {
      node.id,
      token_text(c.token),
      number_text(static_cast<std::int64_t>(c.version)),
      r.info.tenant,
      r.info.id,
      r.info.model,
      number_text(time_number(r.info.created_at)),
      number_text(time_number(r.info.last_used)),
      number_text(static_cast<std::int64_t>(r.info.turns)),
      r.info.conversation,
      r.info.newest_response,
      kept_until(r.info),
      r.metadata,
      r.scope,
      bytes_text(r.tip.digest()),
      r.prompt,
      r.chat.id,
      r.chat.upstream,
      r.chat.account,
      r.chat.model,
      flag_text(r.chat.is_new),
      r.chat.unsettled_message,
      number_text(static_cast<std::int64_t>(r.chat.messages)),
      flag_text(r.chat.unsure),
      flag_text(node.keeps_texts),
      number_text(static_cast<std::int64_t>(c.messages.kept)),
      array_text(messages),
      array_text(items),
      bytes_text(answer ? r.answer->identity : std::string{}),
      std::move(answer),
      std::move(answer_age),
      name,
  };
  return q;
}

query release_query(const session_token& token) {
  query q;
  q.sql = "SELECT nekod.release_1($1)";
  q.values = {token_text(token)};
  return q;
}

// -- to look -------------------------------------------------------------------------------------

query show_query(const std::string& id, const session_view& view) {
  static const std::string sql = "SELECT " + info_columns_of("s") +
                                 " FROM nekod.sessions AS s WHERE id = $1 AND ($2::boolean OR "
                                 "tenant = $3) ORDER BY tenant = $3 DESC, last_used DESC LIMIT 1";
  query q;
  q.sql = sql;
  q.values = {id, flag_text(view.all), view.tenant};
  return q;
}

session_finding shown_of(const rows& found) {
  session_finding result;
  result.found = !found.empty();
  if (result.found)
    result.info = info_at(found, 0, 0);
  return result;
}

/// The total comes first in each row; a page without sessions has one row with NULLs.
query page_query(const session_query& q) {
  // `OR` would keep the planner from the tenant's index.
  static const auto sql_of = [](const std::string& own) {
    return "SELECT (SELECT count(*) FROM nekod.sessions AS s WHERE true" + own +
           ") + (SELECT count(*) FROM unnest($4::text[], $5::text[]) AS u (tenant, id) "
           "WHERE NOT EXISTS (SELECT 1 FROM nekod.sessions AS s "
           "WHERE s.tenant = u.tenant AND s.id = u.id)), " +
           info_columns_of("p") +
           " FROM (SELECT 1) AS one LEFT JOIN LATERAL (SELECT * FROM nekod.sessions AS s "
           "WHERE (s.created_at, s.id) > ($1::bigint, $2 COLLATE \"C\")" +
           own + " ORDER BY s.created_at, s.id LIMIT $3) AS p ON true ORDER BY p.created_at, p.id";
  };
  static const std::string all = sql_of("");
  static const std::string own = sql_of(" AND s.tenant = $6");
  const auto after = q.after.value_or(session_place{system_clock::time_point::min(), {}});
  std::vector<std::string_view> tenants;
  std::vector<std::string_view> ids;
  for (const auto& key : q.unrecorded) {
    tenants.push_back(key.tenant);
    ids.push_back(key.id);
  }
  query result;
  result.sql = q.view.all ? all : own;
  // One more than requested shows whether there are more.
  result.values = {number_text(time_number(after.created_at)), after.id,
                   number_text(static_cast<std::int64_t>(q.limit) + 1), array_text(tenants),
                   array_text(ids)};
  if (!q.view.all)
    result.values.emplace_back(q.view.tenant);
  return result;
}

session_page page_of(const rows& found, std::size_t limit) {
  session_page page;
  for (std::size_t i = 0; i < found.count(); ++i) {
    page.total = static_cast<std::uint64_t>(found.number(i, 0));
    if (found.is_null(i, 1))
      continue;
    if (page.sessions.size() == limit)
      page.next = page.sessions.back().place();
    else
      page.sessions.push_back(info_at(found, i, 1));
  }
  return page;
}

query all_sessions() {
  query q;
  q.sql = "SELECT 1, NULL, a.identity, a.answer, m.messages, m.items, " + info_columns_of("s") +
          ", " + record_columns_of("s") +
          " OR EXISTS (SELECT 1 FROM nekod.leases AS l WHERE l.tenant = s.tenant AND l.id = s.id "
          "AND NOT l.committed) FROM nekod.sessions AS s "
          "LEFT JOIN nekod.answers AS a ON a.session = s.number AND a.until IS NULL, "
          "LATERAL (SELECT array_agg(x.message ORDER BY x.position), "
          "array_agg(x.items ORDER BY x.position) FROM nekod.messages AS x "
          "WHERE x.session = s.number) AS m (messages, items) "
          "ORDER BY s.created_at, s.id, s.tenant";
  return q;
}

query conversation_rows_query(const conversation_query& q) {
  static const std::string sql =
      "SELECT " + info_columns_of("s") +
      ", s.metadata, "
      "CASE WHEN $3::boolean THEN (SELECT array_agg(m.message ORDER BY m.position) "
      "FROM nekod.messages AS m WHERE m.session = s.number) END, "
      "CASE WHEN $3::boolean THEN (SELECT array_agg(m.items ORDER BY m.position) "
      "FROM nekod.messages AS m WHERE m.session = s.number) END FROM nekod.sessions AS s "
      "WHERE s.tenant = $1 AND s.conversation = $2 AND s.conversation <> '' LIMIT 1";
  query result;
  result.sql = sql;
  result.values = {q.tenant, q.id, flag_text(q.with_messages)};
  return result;
}

conversation_finding conversation_of(const rows& found) {
  conversation_finding result;
  result.found = !found.empty();
  if (!result.found)
    return result;
  result.info = info_at(found, 0, 0);
  result.metadata = found.text(0, info_column_count);
  result.messages = messages_at(found, info_column_count + 1, info_column_count + 2);
  return result;
}

// -- to delete -----------------------------------------------------------------------------------

query remove_query(const node_facts& node, const session_key& session) {
  query q;
  q.sql = "SELECT nekod.remove_1($1, $2, $3, $4, false)";
  q.values = {node.id, session.tenant, session.id,
              number_text(time_number(system_clock::time_point::min()))};
  return q;
}

query remove_query(const node_facts& node, const std::vector<session_key>& sessions,
                   bool spares_held) {
  std::vector<std::string_view> tenants;
  std::vector<std::string_view> ids;
  for (const auto& key : sessions) {
    tenants.push_back(key.tenant);
    ids.push_back(key.id);
  }
  query q;
  q.sql = "SELECT count(*) FILTER (WHERE nekod.remove_1($1, u.tenant, u.id, $4, $5)) "
          "FROM unnest($2::text[], $3::text[]) AS u (tenant, id)";
  q.values = {node.id, array_text(tenants), array_text(ids),
              number_text(time_number(system_clock::time_point::min())), flag_text(spares_held)};
  return q;
}

query sweep_query(const session_expiry& expiry, std::size_t most) {
  query q;
  q.sql = "SELECT nekod.sweep_1($1, $2, $3, $4)";
  q.values = {number_text(time_number(expiry.used)), number_text(time_number(expiry.made)),
              number_text(time_number(expiry.now)), number_text(static_cast<std::int64_t>(most))};
  return q;
}

} // namespace nekod::postgres
