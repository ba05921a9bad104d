#include "http/server/api/answer/response_keeper.hpp"

#include "http/server/api/answer/response_form.hpp"
#include "protocol/openai/responses/output_items.hpp"
#include "protocol/openai/responses/response_object.hpp"

#include <string_view>
#include <utility>

namespace nekod::http {

namespace {

namespace responses = openai::responses;

class response_keeper : public answer_keeper {
public:
  response_keeper(std::shared_ptr<const responses::create_request> asked,
                  const std::vector<responses::item>& input, std::chrono::seconds age)
      : asked_(std::move(asked)), age_(age) {
    for (const auto& i : input)
      input_.emplace_back(i.id, to_json(i));
  }

  response_record keep(const answered& a) const override {
    const auto& identity = a.answer.identity();
    auto head = filled(head_of(*asked_), identity.id, identity.created, a.model, a.session_id);
    responses::output_items items{head.id, reasoning_of(*asked_), asked_->bridge};
    const auto pieces = a.answer.pieces();
    pieces.for_each([&](std::string_view piece) { items.take(pieces.what, piece); });
    items.end(a.end);
    const auto result = items.take_result(a.end.committed_at);
    response_record r;
    r.id = head.id;
    r.tenant = a.tenant;
    r.session = a.session_id;
    r.parent = asked_->previous_response_id;
    r.state = response_state::chainable;
    append_response(r.object, head, result);
    r.input = input_;
    for (const auto& i : result.output)
      r.output.emplace_back(i.id, i.json);
    r.created_at = std::chrono::system_clock::time_point{std::chrono::seconds{identity.created}};
    if (age_.count() > 0)
      r.expires_at = r.created_at + age_;
    return r;
  }

  bool stores() const noexcept override { return asked_->store; }

private:
  std::shared_ptr<const responses::create_request> asked_;
  std::vector<stored_item> input_;
  std::chrono::seconds age_;
};

} // namespace

std::shared_ptr<const answer_keeper>
make_response_keeper(std::shared_ptr<const responses::create_request> asked,
                     std::vector<responses::item> input, std::chrono::seconds age) {
  return std::make_shared<response_keeper>(std::move(asked), input, age);
}

} // namespace nekod::http
