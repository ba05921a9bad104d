#include "http/server/api/cluster/holder_relay.hpp"

#include "http/server/api/common_answers.hpp"
#include "http/server/api/passing/pass_fields.hpp"
#include "protocol/text/sse.hpp"
#include "protocol/text/words.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace nekod::http {

namespace {

using chat::failure_code;
using std::chrono::milliseconds;

constexpr std::uint16_t not_found = 404;

/// Nodes are near each other.
constexpr milliseconds connect_time{2000};

/// Streams have no limit of their own, but for silence.
constexpr std::chrono::hours longest_stream{24};

/// The most bytes of one event; an answer that is kept is shorter.
constexpr std::size_t most_waiting = 64u << 20;

/// The fields that say which part of an answer is asked for.
constexpr std::array<std::string_view, 6> handed_on{
    "accept", "content-type", "idempotency-key", "last-event-id", "x-resumable", "x-resume-after"};

header_fields fields_of(const request& r, const cluster_options& options,
                        const std::string& tenant) {
  header_fields result{{"Authorization", "Bearer " + options.secret}};
  if (!tenant.empty())
    result.emplace_back(tenant_field, tenant);
  for (const auto& [name, value] : r.headers)
    if (std::any_of(handed_on.begin(), handed_on.end(),
                    [&, &field = name](auto wanted) { return same_word(field, wanted); }))
      result.emplace_back(name, value);
  return result;
}

chat::failure unreachable() { return chat::retry_soon(failure_code::node_unreachable); }

/// The last event of a stream that broke off. It does not end the answer, which may go on, so its
/// number is that of the event before it: a client resumes behind that one.
std::string last_event(const relayed_request& what, const whole_events& told, language lang) {
  auto error = openai::to_json(unreachable(), lang);
  std::string out;
  if (!what.is_response) {
    sse::append_event(out, error);
    return out;
  }
  // `{"error":{...}}` joins the members of the event.
  error.replace(0, 1,
                R"({"type":"error","sequence_number":)" +
                    std::to_string(std::max<std::int64_t>(told.last_number(), 0)) + ",");
  sse::append_event(out, "error", error);
  sse::append_event(out, "[DONE]");
  return out;
}

} // namespace

holder_relay::holder_relay(exchange_ptr x, std::string request_id,
                           std::shared_ptr<const cluster_options> options, relayed_request what)
    : exchange_(std::move(x)),
      request_id_(std::move(request_id)),
      options_(std::move(options)),
      what_(std::move(what)) {}

/// The exchange keeps the relay alive until it has ended.
void holder_relay::start(const std::string& address) {
  exchange_->post([self = shared_from_this(), address] { self->call(address); });
}

void holder_relay::call(const std::string& address) {
  exchange_->on_gone([self = shared_from_this()] {
    if (auto x = self->exchange_)
      x->post([self] { self->end(); });
  });
  const auto& r = exchange_->req();
  http_call c;
  c.method = r.method;
  c.url = "http://" + address + r.path + (r.query.empty() ? "" : "?" + r.query);
  c.headers = fields_of(r, *options_, what_.tenant);
  c.body = std::move(what_.body);
  c.passes = true;
  c.limits.connect = connect_time;
  c.limits.first_byte = what_.first_byte;
  c.limits.silence = options_->silence;
  c.limits.whole = longest_stream;
  transfer_ = options_->net->start(
      1, std::move(c), [weak = weak_from_this(), x = exchange_](transfer_event&& event) {
        x->post([weak, event = std::make_shared<transfer_event>(std::move(event))] {
          if (auto self = weak.lock(); self && self->exchange_)
            self->take(*event);
        });
      });
}

void holder_relay::take(transfer_event& event) {
  switch (event.what) {
  case transfer_event::kind::head:
    take_head(event);
    break;
  case transfer_event::kind::data:
    take_data(std::move(event.bytes));
    break;
  case transfer_event::kind::end:
    take_end(event.failure);
    break;
  }
}

void holder_relay::take_head(const transfer_event& head) {
  if (head.status == not_found)
    return leave_to(what_.absent, options_->counts.absent);
  if (head.status == wrong_secret) {
    // The client's key has been accepted here: this is about ours.
    spdlog::warn("another node refuses this one's cluster-secret");
    return leave_to(what_.unreachable, options_->counts.unreachable);
  }
  options_->counts.answered->Increment();
  begun_ = true;
  if (head.content_type.starts_with("text/event-stream"))
    events_.emplace(what_.after);
  auto headers = common_fields(request_id_);
  const auto came = head.fields ? *head.fields : header_fields{};
  for (auto& field : relayed_back(came))
    headers.push_back(std::move(field));
  if (const auto length = length_of(came)) {
    headers.emplace_back("Content-Length", std::to_string(*length));
    exchange_->begin_as_is(head.status, std::move(headers), exchange_->req().method == "HEAD");
  } else {
    exchange_->begin(head.status, std::move(headers));
  }
  exchange_->write({}, nullptr);
}

void holder_relay::take_data(std::string bytes) {
  const auto size = bytes.size();
  if (events_) {
    bytes = events_->take(bytes);
    if (events_->waiting() > most_waiting)
      return break_off();
  }
  // Bytes that wait for the rest of their event have been read, too.
  if (bytes.empty())
    return transfer_->grant(size);
  exchange_->write(std::move(bytes), [weak = weak_from_this(), size] {
    if (auto self = weak.lock(); self && self->transfer_)
      self->transfer_->grant(size);
  });
}

void holder_relay::take_end(transfer_failure failure) {
  if (failure != transfer_failure::none)
    return begun_ ? break_off() : leave_to(what_.unreachable, options_->counts.unreachable);
  exchange_->finish();
  end();
}

/// The rest of the answer will not come.
void holder_relay::break_off() {
  options_->counts.cut->Increment();
  exchange_->notes().error = name_of(failure_code::node_unreachable);
  if (events_) {
    exchange_->write(last_event(what_, *events_, options_->language), nullptr);
    exchange_->finish();
  } else {
    exchange_->abort();
  }
  end();
}

/// Leaves the answer to *other*; without one, answers with an error.
void holder_relay::leave_to(const std::function<void()>& other, prometheus::Counter* count) {
  count->Increment();
  if (other)
    other();
  else
    refuse();
  end();
}

void holder_relay::refuse() {
  respond_error(*exchange_, unreachable(), options_->language, request_id_);
}

/// Releases everything; the transfer later, since it may be the caller.
void holder_relay::end() {
  if (!exchange_)
    return;
  exchange_->post([call = std::shared_ptr<transfer>(std::move(transfer_))] {});
  what_ = {};
  exchange_.reset();
}

} // namespace nekod::http
