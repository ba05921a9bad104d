#include "actors/store/postgres/response_rows.hpp"

#include "actors/store/clearing.hpp"
#include "actors/store/postgres/value_text.hpp"
#include "actors/store/record_time.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nekod::postgres {

namespace {

using time_point = std::chrono::system_clock::time_point;

response_state response_state_of(std::int64_t number) {
  if (number == 0)
    return response_state::running;
  return number == 1 ? response_state::chainable : response_state::closed;
}

std::string now_text(time_point now) { return std::to_string(time_number(now)); }

/// The arguments of `keep_response_1`.
std::vector<query_value> values_of(const node_facts& node, const response_record& r) {
  std::vector<std::string_view> ids;
  std::vector<std::string_view> texts;
  for (const auto* items : {&r.input, &r.output})
    for (const auto& item : *items) {
      ids.push_back(item.id);
      texts.push_back(item.json);
    }
  return {node.id,
          r.tenant,
          r.id,
          r.session,
          r.parent,
          std::to_string(static_cast<int>(r.state)),
          r.object,
          r.if_interrupted,
          std::to_string(time_number(r.created_at)),
          std::to_string(time_number(r.expires_at)),
          array_text(ids),
          array_text(texts),
          std::to_string(r.input.size())};
}

std::vector<stored_item> items_in(const rows& r, int ids, int texts) {
  std::vector<stored_item> result;
  auto names = r.array(0, ids);
  auto items = r.array(0, texts);
  for (std::size_t i = 0; i < names.size() && i < items.size(); ++i)
    result.emplace_back(std::move(names[i]), std::move(items[i]));
  return result;
}

/// A call of `keep_response_1` whose first parameter is *first*.
std::string keep_call(std::size_t first) {
  std::string call = "nekod.keep_response_1(";
  for (std::size_t i = 0; i < 13; ++i)
    call.append(i == 0 ? "$" : ", $").append(std::to_string(first + i));
  return call + ')';
}

} // namespace

query store_response_query(const node_facts& node, const response_record& r) {
  query q;
  q.sql = "SELECT " + keep_call(1);
  q.values = values_of(node, r);
  return q;
}

query commit_with_response(query commit, const node_facts& node, const response_record& r) {
  const auto first = commit.values.size() + 1;
  commit.sql = "WITH turn (refused) AS MATERIALIZED (" + commit.sql +
               ") SELECT refused, CASE WHEN refused = 0 THEN " + keep_call(first) +
               " END FROM turn";
  for (auto& value : values_of(node, r))
    commit.values.push_back(std::move(value));
  return commit;
}

query response_query(const response_key& key, time_point now) {
  query q;
  q.sql = "SELECT session, parent, state, created_at, expires_at, object, interrupted, item_ids, "
          "item_texts, inputs FROM nekod.show_response_1($1, $2, $3)";
  q.values = {key.tenant, key.id, now_text(now)};
  return q;
}

response_finding response_of(const rows& found, const response_key& key) {
  response_finding result;
  if (found.empty())
    return result;
  auto& r = result.record.emplace();
  r.tenant = key.tenant;
  r.id = key.id;
  r.session = found.text(0, 0);
  r.parent = found.text(0, 1);
  r.state = response_state_of(found.number(0, 2));
  r.created_at = time_of(found.number(0, 3));
  r.expires_at = time_of(found.number(0, 4));
  r.object = found.text(0, 5);
  r.if_interrupted = found.text(0, 6);
  const auto inputs = static_cast<std::size_t>(found.number(0, 9));
  for (auto& item : items_in(found, 7, 8))
    (r.input.size() < inputs ? r.input : r.output).push_back(std::move(item));
  return result;
}

query add_response_query(const node_facts& node, const response_record& r) {
  auto q = store_response_query(node, r);
  q.sql += " WHERE NOT EXISTS (SELECT 1 FROM nekod.responses AS r "
           "WHERE r.tenant = $2 AND r.id = $3)";
  return q;
}

query all_responses() {
  query q;
  q.sql =
      "SELECT r.session, r.parent, CASE WHEN r.state = 0 THEN 2 ELSE r.state END, "
      "r.created_at, r.expires_at, "
      "CASE WHEN r.state = 0 AND r.interrupted <> '' THEN r.interrupted ELSE r.object END, '', "
      "i.ids, i.texts, i.inputs, r.tenant, r.id FROM nekod.responses AS r, "
      "LATERAL (SELECT array_agg(x.id ORDER BY x.position), array_agg(x.item ORDER BY x.position), "
      "count(*) FILTER (WHERE NOT x.is_output) FROM nekod.response_items AS x "
      "WHERE x.response = r.number) AS i (ids, texts, inputs) ORDER BY r.number";
  return q;
}

query chain_rows_query(const chain_query& q, time_point now) {
  query result;
  result.sql = "SELECT session, state, item_ids, item_texts, outputs "
               "FROM nekod.show_chain_1($1, $2, $3)";
  result.values = {q.newest.tenant, q.newest.id, now_text(now)};
  return result;
}

response_chain chain_of(const rows& found) {
  response_chain result;
  result.found = !found.empty();
  if (!result.found)
    return result;
  result.session = found.text(0, 0);
  result.state = response_state_of(found.number(0, 1));
  result.items = items_in(found, 2, 3);
  result.output = static_cast<std::size_t>(found.number(0, 4));
  return result;
}

query items_query(const item_query& q, time_point now) {
  std::vector<std::string_view> ids{q.ids.begin(), q.ids.end()};
  query result;
  result.sql = "SELECT i.id, i.item FROM unnest($2::text[]) WITH ORDINALITY AS u (id, n), "
               "LATERAL (SELECT x.id, x.item FROM nekod.response_items AS x "
               "JOIN nekod.responses AS r ON r.number = x.response "
               "WHERE x.owner = $1 AND x.id = u.id AND r.expires_at > $3 LIMIT 1) AS i "
               "ORDER BY u.n";
  result.values = {q.tenant, array_text(ids), now_text(now)};
  return result;
}

item_finding items_of(const rows& found) {
  item_finding result;
  for (std::size_t i = 0; i < found.count(); ++i)
    result.items.emplace_back(std::string{found.text(i, 0)}, std::string{found.text(i, 1)});
  return result;
}

query close_query(const session_key& session) {
  query q;
  q.sql = "UPDATE nekod.responses SET state = 2, session = '' "
          "WHERE tenant = $1 AND session = $2 AND session <> ''";
  q.values = {session.tenant, session.id};
  return q;
}

query remove_response_query(const response_key& key, time_point now) {
  query q;
  q.sql = "SELECT nekod.remove_response_1($1, $2, $3, $4, $5)";
  q.values = {key.tenant, key.id, now_text(now), now_text(time_point::min()),
              std::to_string(store_step)};
  return q;
}

} // namespace nekod::postgres
