#include "http/server/api/resuming.hpp"

#include "actors/resumption/kept_answer.hpp"
#include "http/server/api/answer/reply.hpp"
#include "protocol/text/words.hpp"

#include <charconv>
#include <system_error>
#include <utility>

namespace nekod::http {

using chat::failure_code;

bool wants_resumable(const request& r) { return same_word(r.header("X-Resumable"), "true"); }

bool may_come_back(const request& r) {
  return wants_resumable(r) || !r.header("X-Resume-After").empty();
}

result<std::optional<std::uint64_t>, chat::failure> resume_after_of(const request& r) {
  const auto value = r.header("X-Resume-After");
  if (value.empty())
    return std::optional<std::uint64_t>{};
  std::uint64_t count = 0;
  const auto [end, fault] = std::from_chars(value.data(), value.data() + value.size(), count);
  if (fault != std::errc{} || end != value.data() + value.size())
    return chat::failure{failure_code::invalid_value, "X-Resume-After", "must be a number"};
  if (r.header("Idempotency-Key").empty())
    return chat::failure{failure_code::missing_required_parameter, "Idempotency-Key",
                         "X-Resume-After needs it"};
  return std::optional{count};
}

std::string retry_key_of(const request_context& c, std::string_view body) {
  return c.api.options.resumption->all->retry_key(c.who.tenant, c.req().header("Idempotency-Key"),
                                                  body);
}

void attach_reply(const request_context& c, const kept_answer_actor& whom,
                  std::shared_ptr<const chat::request> asked, std::unique_ptr<answer_writer> writer,
                  bool begins) {
  const auto& options = c.api.options;
  const auto home = options.home ? options.home() : home_loop{};
  const auto reply = spawn_reply(c.api.system, home, c.x, std::move(asked), std::move(writer),
                                 c.request_id, options.reply);
  auto opening = [begins](caf::event_based_actor* self, const kept_answer_actor& kept,
                          const reply_actor& reader) {
    // It reads before the turn begins, so that it hears of any end.
    self->request(kept, actor_timeout, atom::read_v, reader)
        .then(
            [self, kept, begins](atom::read) {
              if (begins)
                self->send(kept, atom::turn_v);
            },
            [self, reader](const caf::error&) {
              self->send(reader, atom::failed_v, chat::failure{failure_code::stream_expired});
            });
  };
  c.api.system.spawn(opening, whom, reply);
}

} // namespace nekod::http
