#include "bench/simulator/openai_api.hpp"

#include "bench/simulator/answers.hpp"
#include "bench/simulator/completion.hpp"
#include "bench/simulator/fault_answers.hpp"
#include "bench/simulator/reply.hpp"

#include <asio.hpp>

#include <memory>
#include <string>
#include <utility>

namespace nekod::sim {

namespace {

void refuse(http::exchange& x, std::uint16_t status, std::string_view type, std::string_view code,
            std::string_view message) {
  answer_json(x, status,
              json_object{}
                  .raw("error", json_object{}
                                    .text("message", message)
                                    .text("type", type)
                                    .raw("param", "null")
                                    .text("code", code)
                                    .take())
                  .take());
}

void answer_models(const options& o, http::exchange& x) {
  std::string list = "[";
  for (const auto& name : o.models)
    append_item(list, json_object{}
                          .text("id", name)
                          .text("object", "model")
                          .number("created", 1'700'000'000)
                          .text("owned_by", "simulator")
                          .take());
  answer_json(x, 200, json_object{}.text("object", "list").raw("data", list + ']').take());
}

/// A completion and its number in the records.
struct noted {
  std::shared_ptr<const completion> what;
  std::uint64_t number = 0;
};

void stream(const state_ptr& s, http::exchange_ptr x, const noted& n, const pace& p,
            std::optional<fault> f) {
  auto ended = [weak = std::weak_ptr{s}, number = n.number](reply& r, std::size_t, bool whole) {
    auto alive = weak.lock();
    if (!alive)
      return;
    alive->completions.end(number, whole ? message_state::done : message_state::aborted);
    alive->open_answers.release(&r);
  };
  auto r = std::make_shared<reply>(s->loop, std::move(x), n.what, p, std::move(f), ended);
  s->open_answers.keep(r);
  r->start();
}

/// A whole answer takes as long as its stream would.
void answer_whole(const state_ptr& s, http::exchange_ptr x, const noted& n, const pace& p,
                  const std::optional<fault>& f) {
  const auto cut = f && f->kind == fault_kind::cut;
  auto timer =
      std::make_shared<asio::steady_timer>(s->loop, p.first_delay + p.delay * n.what->size());
  x->on_gone([weak = std::weak_ptr{s}, number = n.number, timer] {
    if (auto alive = weak.lock())
      alive->completions.end(number, message_state::aborted);
    timer->cancel();
  });
  timer->async_wait(
      [timer, weak = std::weak_ptr{s}, x = std::move(x), n, cut](const asio::error_code& error) {
        auto alive = weak.lock();
        if (!alive || error)
          return;
        alive->completions.end(n.number, cut ? message_state::aborted : message_state::done);
        if (cut)
          x->abort();
        else
          answer_json(*x, 200, n.what->whole());
      });
}

std::string_view key_of(const http::request& r) {
  constexpr std::string_view scheme = "Bearer ";
  auto field = r.header("Authorization");
  return field.substr(0, scheme.size()) == scheme ? field.substr(scheme.size()) : field;
}

void answer_completion(const state_ptr& s, const options& o, const http::exchange_ptr& x) {
  auto body = std::exchange(x->req().body, {});
  auto request = parse_completion(body);
  if (!request)
    return refuse(*x, 400, "invalid_request_error", "invalid_value", request.error());
  const auto number = s->completions.begin(std::move(body));
  auto f = s->faults.take(api_call::completions, key_of(x->req()));
  if (f && (answers_call(*f) || (f->kind == fault_kind::silent && !request->stream))) {
    s->completions.end(number, message_state::refused);
    return answer_fault(s, *f, x);
  }
  const auto& wishes = request->prompt.wishes;
  const pace p{wishes.first_delay.value_or(o.first_delay), wishes.delay.value_or(o.delay)};
  noted n{std::make_shared<const completion>(std::move(*request), number, o, f), number};
  if (n.what->request().stream)
    stream(s, x, n, p, std::move(f));
  else
    answer_whole(s, x, n, p, f);
}

} // namespace

void answer_openai_call(const state_ptr& s, const http::exchange_ptr& x) {
  const auto o = s->options_now.now();
  const auto path = std::string_view{x->req().path}.substr(openai_prefix.size());
  const auto is_models = x->req().method == "GET" && path == "/models";
  if (!is_models && (x->req().method != "POST" || path != "/chat/completions"))
    return answer_not_found(*x);
  s->uses.count(is_models ? api_call::models : api_call::completions);
  const auto key = key_of(x->req());
  if (!o->takes(key))
    return refuse(*x, 401, "invalid_request_error", "invalid_api_key",
                  "Incorrect API key provided: " + std::string{key});
  if (!is_models)
    return answer_completion(s, *o, x);
  if (const auto f = s->faults.take(api_call::models, key))
    return answer_fault(s, *f, x);
  answer_models(*o, *x);
}

} // namespace nekod::sim
