#include "actors/upstream/anuneko/anuneko.hpp"

#include "actors/upstream/anuneko/anuneko_conversation.hpp"
#include "actors/upstream/models_query.hpp"

#include <utility>

namespace nekod {

namespace {

using chat::failure_code;

models_query::answer read_models(const upstream_response& r) {
  if (!r.ok())
    return failure_of(r);
  if (auto e = anuneko::parse_error(r.body))
    return failure_of(*e);
  auto names = anuneko::parse_models(r.body);
  if (!names)
    return chat::failure{
        failure_code::upstream_error, {}, "the upstream's list of models cannot be read"};
  return std::vector<chat::listed_model>(names->begin(), names->end());
}

class anuneko_service : public upstream_service {
public:
  anuneko_service(transport& net, const anuneko_options& o)
      : net_(net),
        name_(o.name),
        default_model_(o.default_model),
        accounts_(accounts_of(o)),
        models_(net, begun(anuneko::call_kind::view_user).kind, call_purpose::listing, read_models),
        probe_(net, begun(anuneko::call_kind::view_user).kind, call_purpose::probing, read_models) {
  }

  std::unique_ptr<upstream_conversation> open(upstream_chat known, upstream_listener& listener,
                                              conversation_context context) override {
    return std::make_unique<anuneko_conversation>(net_, accounts_, std::move(known), listener,
                                                  std::move(context));
  }

  void list_models(models_handler f) override {
    const auto& account = accounts_->any({});
    models_.start(account, list_call(*account, longest_list_time), std::move(f));
  }

  upstream_abilities abilities() const override { return {}; }

  upstream_state state() const override { return accounts_->state(); }

  bool admits(const std::string& model) const override { return accounts_->admits(model); }

  std::optional<std::chrono::milliseconds> probe() override {
    return probe_if_due(accounts_->breaker(), [this] {
      const auto& account = accounts_->any({});
      probe_.start(account, list_call(*account, longest_probe_time), [](const auto&) {});
    });
  }

  void on_probes_needed(std::function<void()> f) override {
    accounts_->breaker().on_open(std::move(f));
  }

  watched_accounts accounts() const override { return accounts_->watched(); }

  std::string_view name() const noexcept override { return name_; }

  std::string_view kind() const noexcept override { return "anuneko"; }

  std::string default_model() const override { return default_model_; }

  std::string public_model_id(std::string_view name) const override {
    return anuneko::public_model_id(name);
  }

private:
  static http_call list_call(const anuneko_account& account, std::chrono::milliseconds time) {
    return within(account.make(anuneko::view_user(), true), time);
  }

  transport& net_;
  std::string name_;
  std::string default_model_;
  std::shared_ptr<const anuneko_accounts> accounts_;
  models_query models_;
  models_query probe_;
};

} // namespace

std::shared_ptr<upstream_service> make_anuneko(transport& net, const anuneko_options& options) {
  return std::make_shared<anuneko_service>(net, options);
}

} // namespace nekod
