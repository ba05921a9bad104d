#include "actors/upstream/retrying.hpp"

#include "actors/upstream/retrying_conversation.hpp"

#include <utility>

namespace nekod {

namespace {

class retrying_service : public upstream_service {
public:
  explicit retrying_service(std::shared_ptr<retry_plan> plan)
      : plan_(std::move(plan)), first_(*plan_->upstreams.front().service) {}

  std::unique_ptr<upstream_conversation> open(upstream_chat known, upstream_listener& listener,
                                              conversation_context context) override {
    return std::make_unique<retrying_conversation>(plan_, std::move(known), listener,
                                                   std::move(context));
  }

  void list_models(models_handler f) override { first_.list_models(std::move(f)); }
  result<std::unique_ptr<passed_call>, chat::failure>
  pass(passed_request what, passed_call_listener& listener, transport::sink events) override {
    return first_.pass(std::move(what), listener, std::move(events));
  }
  upstream_abilities abilities() const override {
    auto result = first_.abilities();
    result.falls_back = plan_->upstreams.size() > 1;
    return result;
  }
  upstream_state state() const override { return first_.state(); }
  bool admits(const std::string& model) const override { return first_.admits(model); }
  std::optional<std::chrono::milliseconds> probe() override { return first_.probe(); }
  void on_probes_needed(std::function<void()> f) override { first_.on_probes_needed(std::move(f)); }
  std::vector<std::shared_ptr<account_watch>> accounts() const override {
    return first_.accounts();
  }
  std::string_view name() const noexcept override { return first_.name(); }
  std::string_view kind() const noexcept override { return first_.kind(); }
  std::string default_model() const override { return first_.default_model(); }
  std::string public_model_id(std::string_view name) const override {
    return first_.public_model_id(name);
  }

private:
  std::shared_ptr<retry_plan> plan_;
  upstream_service& first_;
};

} // namespace

std::shared_ptr<upstream_service> make_retrying(std::shared_ptr<upstream_service> service,
                                                std::vector<fallback> fallbacks,
                                                const retry_options& options, metrics& counts) {
  return std::make_shared<retrying_service>(
      std::make_shared<retry_plan>(std::move(service), std::move(fallbacks), options, counts));
}

} // namespace nekod
