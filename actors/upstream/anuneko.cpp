#include "actors/upstream/anuneko.hpp"

#include "actors/upstream/anuneko_line.hpp"

#include <mutex>
#include <utility>

namespace nekod {

namespace {

using openai::error;
using openai::error_code;

/// The service's list of models, asked for by one caller at a time.
class models_query {
public:
  models_query(transport& net, std::shared_ptr<anuneko_account> who)
      : net_(net), account_(std::move(who)) {}

  void start(upstream_service::models_handler f) {
    std::lock_guard guard{mutex_};
    response_ = anuneko_response{};
    handler_ = std::move(f);
    running_ = {anuneko::call_kind::view_user, std::chrono::steady_clock::now()};
    transfer_ = net_.start(++number_, account_->make(anuneko::view_user(), true),
                           [this](const transfer_event& event) { take(event); });
  }

private:
  void take(const transfer_event& event) {
    upstream_service::models_handler f;
    std::optional<result<std::vector<std::string>, error>> answer;
    {
      std::lock_guard guard{mutex_};
      if (event.transfer != number_ || !handler_)
        return;
      if (event.what == transfer_event::kind::head) {
        response_.status = event.status;
        return;
      }
      if (event.what == transfer_event::kind::data &&
          response_.body.size() + event.bytes.size() <= max_small_reply) {
        response_.body += event.bytes;
        transfer_->grant(event.bytes.size());
        return;
      }
      answer = read(event);
      account_->ended(running_, *answer ? nullptr : &answer->error(), event.failure);
      f = std::exchange(handler_, nullptr);
    }
    f(std::move(*answer));
  }

  result<std::vector<std::string>, error> read(const transfer_event& event) const {
    if (event.what == transfer_event::kind::data)
      return error{error_code::upstream_error, {}, "the list of models is too long"};
    if (event.failure != transfer_failure::none)
      return failure_of(event.failure);
    if (!response_.ok())
      return failure_of(response_);
    if (auto e = anuneko::parse_error(response_.body))
      return failure_of(*e);
    auto names = anuneko::parse_models(response_.body);
    if (!names || names->empty())
      return error{error_code::upstream_error, {}, "no models in the upstream's list"};
    return std::move(*names);
  }

  transport& net_;
  std::shared_ptr<anuneko_account> account_;
  std::mutex mutex_;
  std::uint64_t number_ = 0;
  running_call running_;
  std::unique_ptr<transfer> transfer_;
  anuneko_response response_;
  upstream_service::models_handler handler_;
};

class anuneko_service : public upstream_service {
public:
  anuneko_service(transport& net, anuneko_options o)
      : net_(net),
        account_(std::make_shared<anuneko_account>(std::move(o))),
        models_(net, account_) {}

  std::unique_ptr<chat_upstream> open(upstream_chat known, upstream_listener& listener,
                                      transport::sink events) override {
    return std::make_unique<anuneko_line>(net_, account_, std::move(known), listener,
                                          std::move(events));
  }

  void list_models(models_handler f) override { models_.start(std::move(f)); }

  upstream_abilities abilities() const override { return {}; }

  account_counts accounts() const override {
    account_counts result;
    result.working = account_->state() == account_state::works ? 1 : 0;
    result.refused = account_->state() == account_state::refused ? 1 : 0;
    result.unreachable = account_->state() == account_state::unreachable ? 1 : 0;
    return result;
  }

  std::string_view kind() const noexcept override { return "anuneko"; }

  std::string default_model() const override { return std::string{anuneko::default_model}; }

  std::string public_model_id(std::string_view name) const override {
    return anuneko::public_model_id(name);
  }

private:
  transport& net_;
  std::shared_ptr<anuneko_account> account_;
  models_query models_;
};

} // namespace

std::shared_ptr<upstream_service> make_anuneko(transport& net, anuneko_options options) {
  return std::make_shared<anuneko_service>(net, std::move(options));
}

} // namespace nekod
