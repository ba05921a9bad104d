#include "protocol/openai/responses/reasoning_content.hpp"

#include <doctest/doctest.h>

#include <ostream>
#include <string>

using namespace nekod::openai::responses;

TEST_CASE("reasoning comes back as it was, whatever its length") {
  for (const std::string text : {"", "h", "hm", "hmm", "hmm.", "小猫 said \"no\"\n"}) {
    std::string escaped;
    for (const auto c : text)
      escaped += c == '"' ? "\\\"" : c == '\n' ? "\\n" : std::string(1, c);
    const auto content = sealed_reasoning(escaped);
    CHECK(content.find(text.empty() ? "?" : text) == std::string::npos);
    CHECK(opened_reasoning(content) == text);
  }
}

TEST_CASE("the content of another service, or a broken one, is none") {
  for (const auto* no : {"", "gAAAA", "nekod.1.a", "nekod.1.????",
                         "nekod.1.Ig==", "nekod.1.Cg==", "nekod.1./w==", "nekod.2.aG0="})
    CHECK_FALSE(opened_reasoning(no));
}
