#include "http/server/api/passing/pass_relay.hpp"

#include "http/server/api/common_answers.hpp"
#include "http/server/api/passing/pass_body.hpp"
#include "http/server/api/passing/pass_fields.hpp"
#include "http/server/message/nekod_path.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace nekod::http {

namespace {

using chat::failure_code;

/// How many bytes are read at a time while the body is held.
constexpr std::size_t read_size = 16u << 10;

/// How often a client's silence is checked within its time limit.
constexpr int looks = 4;

chat::failure ending_of(body_pipe::ending how) {
  return how == body_pipe::ending::too_long ? failure_code::content_too_large
                                            : failure_code::malformed_request;
}

constexpr std::uint16_t no_content = 204;

bool is_bodiless(const std::string& method, std::uint16_t status) {
  constexpr std::uint16_t not_modified = 304;
  return method == "HEAD" || status == no_content || status == not_modified;
}

} // namespace

pass_relay::pass_relay(exchange_ptr x, std::string request_id, pass_target target,
                       std::shared_ptr<const pass_options> options, chooser choose)
    : exchange_(std::move(x)),
      request_id_(std::move(request_id)),
      target_(std::move(target)),
      options_(std::move(options)),
      choose_(std::move(choose)),
      finder_(exchange_->req().header("Content-Type"), exchange_->req().header("Content-Encoding")),
      room_(byte_budget::for_request(options_->budget)) {}

/// The exchange keeps the relay alive until it has ended.
void pass_relay::start() {
  exchange_->on_gone([self = shared_from_this()] {
    self->exchange_->post([self, then = std::chrono::steady_clock::now()] { self->leave(then); });
  });
  if (exchange_->req().stream)
    exchange_->on_idle(options_->client_silence / looks, [weak = weak_from_this()] {
      if (auto self = weak.lock())
        self->look_for_silence();
    });
  look();
}

// -- the request ---------------------------------------------------------------------------------

/// Looks for the model in the part of the body that has arrived.
void pass_relay::look() {
  if (!exchange_)
    return;
  auto& r = exchange_->req();
  if (!r.stream) {
    held_ = std::exchange(r.body, {});
    whole_ = true;
  }
  search();
  while (found_ == model_search::looking && !whole_ && held_.size() < options_->most_held) {
    if (!read_on())
      return;
    search();
  }
  auto name = found_ == model_search::found ? finder_.position().name : std::string{};
  choose_(name, [self = shared_from_this(), x = exchange_](choice found) {
    x->post([self, found = std::move(found)] { self->chosen(found); });
  });
}

void pass_relay::search() { found_ = finder_.look(held_); }

/// Reads the available part of the body.
/// @returns false if there is none yet, or there will be none.
bool pass_relay::read_on() {
  std::array<char, read_size> piece;
  auto come = exchange_->req().stream->read(piece.data(), piece.size(), [weak = weak_from_this()] {
    if (auto self = weak.lock(); self && self->exchange_)
      self->exchange_->post([self] { self->look(); });
  });
  if (come.size > 0) {
    held_.append(piece.data(), come.size);
    if (room_.resize(held_.capacity()))
      return true;
    fail(chat::retry_soon(failure_code::overloaded));
    return false;
  }
  if (come.how == body_pipe::ending::none)
    return false;
  whole_ = come.how == body_pipe::ending::whole;
  if (!whole_)
    fail(ending_of(come.how));
  return whole_;
}

void pass_relay::chosen(choice found) {
  if (!exchange_)
    return;
  if (!found || !found->upstream) {
    fail(found ? chat::retry_soon(failure_code::overloaded) : found.error());
    return;
  }
  name_model(found->upstream_name);
  upstream_ = found->upstream->name();
  auto& notes = exchange_->notes();
  notes.upstream = upstream_;
  notes.model = found->id;
  auto events = [self = shared_from_this(), x = exchange_](transfer_event event) {
    x->post([self, event = std::move(event)] { self->take(event); });
  };
  auto what = request_to_pass();
  what.model = found_ == model_search::found ? found->upstream_name : std::string{};
  auto call = found->upstream->pass(std::move(what), *this, std::move(events));
  if (call)
    call_ = std::move(*call);
  else
    fail(call.error());
}

/// Replaces the model's name by the upstream's name for it.
void pass_relay::name_model(const std::string& upstream_name) {
  if (found_ != model_search::found || upstream_name == finder_.position().name)
    return;
  const auto& at = finder_.position();
  const auto written = finder_.written(upstream_name);
  longer_ =
      static_cast<std::int64_t>(written.size()) - static_cast<std::int64_t>(at.end - at.begin);
  held_.replace(at.begin, at.end - at.begin, written);
}

passed_request pass_relay::request_to_pass() {
  auto& r = exchange_->req();
  passed_request result;
  result.method = r.method;
  result.path = target_.path;
  result.at_root = target_.at_root;
  result.query = r.query;
  result.headers = passed_on(r.headers);
  result.via = nekods_before(r);
  if (whole_) {
    result.body = std::move(held_);
    return result;
  }
  auto length = r.stream->length();
  if (length)
    *length += static_cast<std::uint64_t>(longer_);
  result.source = std::make_shared<pass_body>(std::move(held_), std::move(room_), r.stream, length);
  return result;
}

void pass_relay::look_for_silence() {
  if (!exchange_)
    return;
  const auto silent = exchange_->req().stream->starving(std::chrono::steady_clock::now());
  if (silent >= options_->client_silence)
    fail({failure_code::malformed_request, {}, "the rest of the body did not arrive in time"});
}

// -- the answer ----------------------------------------------------------------------------------

void pass_relay::take(transfer_event event) {
  if (auto call = call_) // The relay may drop the call during this.
    call->on_transfer(std::move(event));
}

void pass_relay::on_head(std::uint16_t status, const header_fields& came) {
  begun_ = true;
  auto headers = common_fields(request_id_);
  headers.emplace_back("X-Upstream", upstream_);
  for (auto& field : passed_back(came))
    headers.push_back(std::move(field));
  const auto bodiless = is_bodiless(exchange_->req().method, status);
  const auto length = length_of(came);
  if (length && status != no_content)
    headers.emplace_back("Content-Length", std::to_string(*length));
  if (length || bodiless)
    exchange_->begin_as_is(status, std::move(headers), bodiless);
  else
    exchange_->begin(status, std::move(headers));
  // It is sent with the first bytes if they have arrived, too.
  exchange_->post([self = shared_from_this()] { self->write_head(); });
}

void pass_relay::write_head() {
  if (exchange_ && !std::exchange(wrote_, true))
    exchange_->write({}, nullptr);
}

void pass_relay::on_data(std::string bytes) {
  wrote_ = true;
  const auto size = bytes.size();
  exchange_->write(std::move(bytes), [weak = weak_from_this(), size] {
    if (auto self = weak.lock(); self && self->call_)
      self->call_->grant(size);
  });
}

void pass_relay::on_end() {
  exchange_->finish();
  end();
}

void pass_relay::on_failure(const chat::failure& reason) {
  const auto& stream = exchange_->req().stream;
  const auto how = stream ? stream->how() : body_pipe::ending::whole;
  const auto is_client = how == body_pipe::ending::too_long || how == body_pipe::ending::malformed;
  fail(is_client ? ending_of(how) : reason);
}

/// Answers with an error, or cuts an answer that has begun, since there is no other way to report
/// it.
void pass_relay::fail(const chat::failure& reason) {
  if (begun_) {
    exchange_->notes().error = name_of(reason.code);
    exchange_->abort();
  } else {
    respond_error(*exchange_, reason, options_->language, request_id_);
  }
  end();
}

void pass_relay::leave(std::chrono::steady_clock::time_point then) {
  if (!exchange_)
    return;
  if (call_)
    call_->abandon(then);
  end();
}

/// Releases everything; the call later, since it may be the caller.
void pass_relay::end() {
  exchange_->post([call = std::exchange(call_, nullptr)] {});
  room_.force(0);
  exchange_.reset();
}

} // namespace nekod::http
