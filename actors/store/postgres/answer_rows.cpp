#include "actors/store/postgres/answer_rows.hpp"

#include "actors/store/postgres/value_text.hpp"

namespace nekod::postgres {

namespace {

query answer_query(const char* function, const node_facts& node, const answer_name& answer) {
  query q;
  q.sql = std::string{"SELECT * FROM nekod."} + function + "($1, $2, $3)";
  q.values = {node.id, answer.tenant, bytes_text(answer.name)};
  return q;
}

} // namespace

query announce_answer_query(const node_facts& node, const answer_name& answer) {
  return answer_query("keep_answer_1", node, answer);
}

query drop_answer_query(const node_facts& node, const answer_name& answer) {
  return answer_query("drop_answer_1", node, answer);
}

query find_answer_query(const node_facts& node, const answer_name& answer) {
  return answer_query("find_answer_1", node, answer);
}

std::string address_of(const rows& found) {
  return found.empty() ? std::string{} : std::string{found.text(0, 0)};
}

} // namespace nekod::postgres
