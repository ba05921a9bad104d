#include "http/server/api/sessions/session_search.hpp"

#include "http/server/api/request_context.hpp"
#include "protocol/sessions/conversation_search.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <numeric>
#include <utility>

namespace nekod::http {

namespace {

/// The most sessions that a request looks through.
constexpr std::size_t most_sessions = 200;

/// No more conversations are looked through once their texts have that many bytes.
constexpr std::size_t enough_bytes = 16'777'216;

struct search {
  search(const request_context& context, session_query q, std::string w, search_handler h)
      : c(context), query(std::move(q)), words(std::move(w)), then(std::move(h)) {}

  request_context c;
  session_query query;
  std::string words;
  search_handler then;
  /// The sessions to look through, and how many have been.
  session_page all;
  std::size_t seen = 0;
  std::size_t bytes = 0;
  session_page found;
};

using search_ptr = std::shared_ptr<search>;

bool has_enough(const search& s) {
  return s.found.sessions.size() == s.query.limit || s.bytes >= enough_bytes;
}

void answer(search& s) {
  s.found.total = s.all.total;
  if (s.seen < s.all.sessions.size())
    s.found.next = s.all.sessions[s.seen - 1].place();
  else
    s.found.next = s.all.next;
  s.then(s.c, std::move(s.found), s.seen);
}

std::size_t size_of(const conversation_finding& found) {
  return std::transform_reduce(found.messages.begin(), found.messages.end(), std::size_t{0},
                               std::plus<>{}, [](const chat::message& m) { return m.text.size(); });
}

void look_at_next(const search_ptr& s) {
  if (s->seen == s->all.sessions.size() || has_enough(*s))
    return answer(*s);
  const auto& next = s->all.sessions[s->seen];
  s->c.ask_store<conversation_finding>(
      [s](const request_context&, const conversation_finding& found) {
        s->bytes += size_of(found);
        if (found.found && says(found.messages, found.metadata, s->words))
          s->found.sessions.push_back(s->all.sessions[s->seen]);
        ++s->seen;
        look_at_next(s);
      },
      atom::show_v, conversation_query{next.tenant, next.conversation});
}

} // namespace

void search_sessions(const request_context& c, session_query query, std::string words,
                     search_handler then) {
  const auto s = std::make_shared<search>(c, std::move(query), std::move(words), std::move(then));
  s->query.view.tenant = c.who.tenant;
  auto page = s->query;
  page.limit = most_sessions;
  c.ask<session_page>(
      [s](const request_context&, const session_page& all) {
        s->all = all;
        look_at_next(s);
      },
      atom::list_v, std::move(page));
}

} // namespace nekod::http
