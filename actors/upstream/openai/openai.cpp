#include "actors/upstream/openai/openai.hpp"

#include "actors/upstream/models_query.hpp"
#include "actors/upstream/openai/openai_conversation.hpp"
#include "actors/upstream/openai/openai_passed_call.hpp"
#include "protocol/openai/model_list.hpp"
#include "protocol/openai/upstream/upstream_call.hpp"

#include <utility>

namespace nekod {

namespace {

using chat::failure_code;

class openai_service : public upstream_service {
public:
  openai_service(transport& net, const openai_options& o)
      : net_(net),
        name_(o.name),
        default_model_(o.default_model),
        accounts_(accounts_of(o)),
        models_(net, begun(openai_call::models).kind, call_purpose::listing, reader()),
        probe_(net, begun(openai_call::models).kind, call_purpose::probing, reader()) {}

  std::unique_ptr<upstream_conversation> open(upstream_chat, upstream_listener& listener,
                                              conversation_context context) override {
    return std::make_unique<openai_conversation>(net_, accounts_, listener, std::move(context));
  }

  void list_models(models_handler f) override {
    const auto& account = accounts_->any({});
    models_.start(account, within(account->list_models(), longest_list_time), std::move(f));
  }

  result<std::unique_ptr<passed_call>, chat::failure>
  pass(passed_request what, passed_call_listener& listener, transport::sink events) override {
    auto call = std::make_unique<openai_passed_call>(net_, accounts_, std::move(what), listener,
                                                     std::move(events));
    call->start();
    return std::unique_ptr<passed_call>{std::move(call)};
  }

  upstream_abilities abilities() const override {
    upstream_abilities all;
    all.tuning = all.demands = all.stateless = all.speaks_openai = true;
    all.is_openai = accounts_->all().front()->form().is_openai;
    return all;
  }

  upstream_state state() const override { return accounts_->state(); }

  bool admits(const std::string& model) const override { return accounts_->admits(model); }

  std::optional<std::chrono::milliseconds> probe() override {
    return probe_if_due(accounts_->breaker(), [this] {
      const auto& account = accounts_->any({});
      probe_.start(account, within(account->list_models(), longest_probe_time), [](const auto&) {});
    });
  }

  void on_probes_needed(std::function<void()> f) override {
    accounts_->breaker().on_open(std::move(f));
  }

  watched_accounts accounts() const override { return accounts_->watched(); }

  std::string_view name() const noexcept override { return name_; }

  std::string_view kind() const noexcept override { return "openai"; }

  std::string default_model() const override { return default_model_; }

  std::string public_model_id(std::string_view name) const override { return std::string{name}; }

private:
  models_query::reader reader() const {
    return [all = accounts_](const upstream_response& r) { return read(*all, r); };
  }

  static models_query::answer read(const openai_accounts& accounts, const upstream_response& r) {
    if (!r.ok()) {
      auto failure = accounts.all().front()->failure_of(r);
      for (const auto& account : accounts.all()) // Any of them may have made the call.
        failure = account->without_key(std::move(failure));
      // A server without such a list will not get one soon, so nobody needs to wait for it.
      if (r.status == 404 || r.status == 405)
        return chat::failure{
            failure_code::model_not_found, "model",
            failure.detail + "; the upstream has no list of models, so the request must name one"};
      return failure;
    }
    auto models = openai::parse_model_list(r.body);
    if (!models)
      return chat::failure{
          failure_code::upstream_error, {}, "the upstream's list of models cannot be read"};
    return std::move(*models);
  }

  transport& net_;
  std::string name_;
  std::string default_model_;
  std::shared_ptr<const openai_accounts> accounts_;
  models_query models_;
  models_query probe_;
};

} // namespace

std::shared_ptr<upstream_service> make_openai(transport& net, const openai_options& options) {
  return std::make_shared<openai_service>(net, options);
}

} // namespace nekod
