#pragma once

#include "actors/session/response_recorder.hpp"
#include "protocol/openai/responses/item.hpp"
#include "protocol/openai/responses/request/create_request.hpp"
#include "protocol/openai/responses/response_object.hpp"
#include "protocol/text/language.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace nekod::http {

/// Keeps the answer to a request as a response, with the ids and the text that its writer tells.
class openai_response_recorder : public response_recorder {
public:
  /// @param input The new items of the request, each with its id.
  /// @param age How long the response is kept; zero for ever.
  /// @param lang The language of errors.
  openai_response_recorder(std::shared_ptr<const openai::responses::create_request> asked,
                           std::vector<openai::responses::item> input, std::chrono::seconds age,
                           language lang);

  response_record ended(const answered& a) const override;
  response_record unfinished(const unanswered& u) const override;
  response_record broken_off(const unanswered& u, const chat::failure& reason) const override;
  bool stores() const noexcept override { return asked_->store; }
  void forget() const noexcept override { *deleted_ = true; }

  /// The request, for the writers of the answer.
  const openai::responses::create_request& asked() const noexcept { return *asked_; }

private:
  response_record record_of(const openai::responses::response_head& head, std::string tenant,
                            const openai::responses::response_result& result) const;

  std::shared_ptr<const openai::responses::create_request> asked_;
  std::vector<openai::responses::item> input_;
  std::chrono::seconds age_;
  language lang_;
  /// As in `response_record`.
  std::shared_ptr<std::atomic<bool>> deleted_ = std::make_shared<std::atomic<bool>>(false);
};

} // namespace nekod::http
