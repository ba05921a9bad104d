#include "http/server/api/answer/ignored_parameters.hpp"
#include "protocol/chat/request.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace nekod;

TEST_CASE("parameters are ignored as far as the upstream cannot obey them") {
  chat::request asked;
  asked.ignored = {"store"};
  asked.tuning = {"temperature", "top_p"};
  asked.beside.tuning_of_openai = {"verbosity"};
  upstream_abilities abilities;
  const auto ignored = [&] { return http::ignored_parameters(asked, abilities); };
  using names = std::vector<std::string>;
  CHECK(ignored() == names{"store", "temperature", "top_p", "verbosity"});
  abilities.tuning = true;
  CHECK(ignored() == names{"store", "verbosity"});
  abilities.is_openai = true;
  CHECK(ignored() == names{"store"});
}

TEST_CASE("the field has all parameters that are ignored") {
  const auto [name, value] = http::ignored_field({"store", "top_p"});
  CHECK(name == "X-Ignored-Parameters");
  CHECK(value == "store, top_p");
}
