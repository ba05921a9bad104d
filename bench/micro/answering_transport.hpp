#pragma once

#include "tests/unit/support/fake_transport.hpp"

#include <string>
#include <utility>

namespace nekod::micro {

/// Both services, without sockets: answers each call when told to.
class answering_transport : public test::fake_transport {
public:
  /// The answer to a posted message, and to a request for a completion.
  std::string anuneko_reply;
  std::string openai_stream;

  /// Answers the waiting calls.
  /// @returns whether there were any.
  bool answer_all() {
    auto waiting = std::exchange(calls, {});
    for (const auto& c : waiting) {
      head(*c, 200);
      data(*c, answer_to(c->call.url));
      end(*c);
    }
    return !waiting.empty();
  }

private:
  const std::string& answer_to(const std::string& url) const {
    if (url.ends_with("/stream"))
      return anuneko_reply;
    if (url.ends_with("/completions"))
      return openai_stream;
    return other_;
  }

  /// The answer to all other calls of both services.
  std::string other_ = R"({"chat_id":"c1","models":["Orange Cat"],"data":[{"id":"Orange Cat"}]})";
};

} // namespace nekod::micro
