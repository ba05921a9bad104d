#include "actors/upstream/openai.hpp"

#include "actors/upstream/models_query.hpp"
#include "actors/upstream/openai_line.hpp"
#include "protocol/openai/upstream_call.hpp"

#include <utility>

namespace nekod {

namespace {

using openai::error;
using openai::error_code;

class openai_service : public upstream_service {
public:
  openai_service(transport& net, openai_options o)
      : net_(net),
        account_(std::make_shared<openai_account>(std::move(o))),
        models_(net, account_, begun(openai_call::models).kind,
                [account = account_](const upstream_response& r) { return read(*account, r); }) {}

  std::unique_ptr<chat_upstream> open(upstream_chat, upstream_listener& listener,
                                      transport::sink events) override {
    return std::make_unique<openai_line>(net_, account_, listener, std::move(events));
  }

  void list_models(models_handler f) override {
    models_.start(account_->list_models(), std::move(f));
  }

  upstream_abilities abilities() const override {
    upstream_abilities all;
    all.tuning = all.demands = all.stateless = all.speaks_openai = true;
    return all;
  }

  account_counts accounts() const override { return count_of(*account_); }

  std::string_view kind() const noexcept override { return "openai"; }

  std::string default_model() const override { return account_->options().default_model; }

  std::string public_model_id(std::string_view name) const override { return std::string{name}; }

private:
  static models_query::answer read(const openai_account& account, const upstream_response& r) {
    if (!r.ok())
      return account.failure_of(r);
    auto ids = openai::parse_model_ids(r.body);
    if (!ids)
      return error{error_code::upstream_error, {}, "no models in the upstream's list"};
    return std::move(*ids);
  }

  transport& net_;
  std::shared_ptr<openai_account> account_;
  models_query models_;
};

} // namespace

std::shared_ptr<upstream_service> make_openai(transport& net, openai_options options) {
  return std::make_shared<openai_service>(net, std::move(options));
}

} // namespace nekod
