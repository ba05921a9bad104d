#include "http/server/api/responses/kept_stream.hpp"

#include "actors/resumption/kept_answer.hpp"
#include "http/server/api/answer/ignored_parameters.hpp"
#include "http/server/api/answer/openai_response_recorder.hpp"
#include "http/server/api/answer/response_form.hpp"
#include "http/server/api/answer/response_writer.hpp"
#include "http/server/api/cluster/elsewhere.hpp"
#include "http/server/api/common_answers.hpp"
#include "http/server/api/request_context.hpp"
#include "http/server/api/resuming.hpp"
#include "http/server/message/path.hpp"
#include "protocol/openai/responses/condensed_replay.hpp"
#include "protocol/result.hpp"

#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace nekod::http {

namespace {

using chat::failure;
using chat::failure_code;

constexpr const char* after_field = "starting_after";

bool read_number(std::string_view text, std::int64_t& number) {
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  return fault == std::errc{} && end == text.data() + text.size() && number >= 0;
}

/// The number of the last event that the client has; -1 for none.
result<std::int64_t, failure> after_of(const request& r) {
  std::int64_t after = -1;
  const auto fields = query_fields(r.query);
  if (!fields)
    return failure{failure_code::invalid_value, "query", "has an invalid percent-encoding"};
  for (const auto& [name, value] : *fields) {
    if (name != after_field)
      continue;
    if (!read_number(value, after))
      return failure{failure_code::invalid_value, after_field, "must be a number"};
    return after;
  }
  const auto last = r.header("Last-Event-ID");
  if (!last.empty() && !read_number(last, after))
    return failure{failure_code::invalid_value, "Last-Event-ID", "must be a number"};
  return after;
}

/// Answers with a response of which only the object is there.
void replay_stored(const request_context& c, const response_finding& found, std::int64_t after) {
  if (!found.record)
    return c.refuse(failure_code::response_not_found);
  if (after >= 0)
    return c.refuse({failure_code::stream_expired, after_field});
  if (found.record->state == response_state::running)
    return c.refuse(failure_code::response_not_found);
  std::string events;
  openai::responses::append_replay(events, found.record->object);
  auto headers = common_fields(c.request_id);
  headers.emplace_back("Content-Type", "text/event-stream");
  headers.emplace_back("Cache-Control", "no-cache");
  c.x->respond(200, std::move(headers), std::move(events));
}

} // namespace

std::optional<kept_entry> find_kept(const request_context& c, std::string_view id) {
  if (!id.starts_with(response_prefix))
    return std::nullopt;
  const auto& all = *c.api.options.resumption->all;
  auto kept = all.find({c.who.tenant, std::string{id.substr(response_prefix.size())}});
  return kept && kept->recorder ? std::move(kept) : std::nullopt;
}

fields kept_fields(const kept_entry& kept) {
  const auto& asked = static_cast<const openai_response_recorder&>(*kept.recorder).asked();
  fields result;
  const auto has_upstream = !kept.upstream.empty();
  if (has_upstream)
    result.emplace_back("X-Upstream", kept.upstream);
  const auto ignored = has_upstream ? ignored_parameters(asked, kept.abilities) : asked.ignored;
  if (!ignored.empty())
    result.push_back(ignored_field(ignored));
  if (kept.retry_after) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*kept.retry_after);
    result.emplace_back("Retry-After", std::to_string(seconds.count()));
  }
  return result;
}

void stream_kept(const request_context& c, const kept_entry& kept, std::int64_t after) {
  const auto& form = static_cast<const openai_response_recorder&>(*kept.recorder);
  early_stream what;
  what.after = after;
  if (kept.background) {
    what.identity = kept.identity;
    // The stream begins before its reply knows the turn.
    c.x->carry_also(kept_fields(kept));
  }
  auto asked = std::make_shared<chat::request>();
  asked->stream = true;
  attach_reply(c, kept.who, std::move(asked), make_early_writer(form.asked(), what));
}

void stream_response(const request_context& c, const std::string& id) {
  const auto after = after_of(c.req());
  if (!after)
    return c.refuse(after.error());
  if (const auto kept = find_kept(c, id))
    return stream_kept(c, *kept, *after);
  relayed_request what;
  what.first_byte = stream_time(c);
  what.after = *after;
  answer_elsewhere(c, id, std::move(what), [after = *after, id](const request_context& own) {
    own.ask_store<response_finding>(
        [after](const request_context& asked, const response_finding& found) {
          replay_stored(asked, found, after);
        },
        atom::show_v, response_key{own.who.tenant, id});
  });
}

} // namespace nekod::http
