#include "http/server/api/passing/pass_body.hpp"

#include <algorithm>
#include <utility>

namespace nekod::http {

pass_body::pass_body(std::string held, byte_budget::share room, std::shared_ptr<body_pipe> rest,
                     std::optional<std::uint64_t> length)
    : held_(std::move(held)), room_(std::move(room)), rest_(std::move(rest)), length_(length) {}

body_source::piece pass_body::read(char* to, std::size_t room,
                                   const std::function<void()>& when_more) {
  if (sent_ < held_.size()) {
    const auto size = std::min(room, held_.size() - sent_);
    std::copy_n(held_.data() + sent_, size, to);
    sent_ += size;
    if (sent_ == held_.size()) {
      held_ = std::string{};
      sent_ = 0;
      room_.force(0);
    }
    return {size, state::more};
  }
  const auto come = rest_->read(to, room, when_more);
  if (come.size > 0)
    return {come.size, state::more};
  if (come.how == body_pipe::ending::none)
    return {0, state::waiting};
  if (come.how == body_pipe::ending::whole)
    return {0, state::ended};
  broken_ = true;
  return {0, state::broken};
}

} // namespace nekod::http
