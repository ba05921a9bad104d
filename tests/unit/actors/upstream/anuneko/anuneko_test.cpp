#include "actors/upstream/anuneko/anuneko.hpp"
#include "actors/upstream/anuneko/anuneko_account.hpp"
#include "actors/upstream/models_query.hpp"
#include "tests/unit/support/fake_transport.hpp"

#include <doctest/doctest.h>

#include <optional>

using namespace nekod;

TEST_CASE("an endless list of models is an error") {
  test::fake_transport net;
  anuneko_options o;
  o.accounts.emplace_back();
  auto service = make_anuneko(net, o);
  std::optional<chat::failure> error;
  service->list_models([&](auto names) {
    REQUIRE_FALSE(names);
    error = names.error();
  });
  test::fake_transport::head(net.last(), 200);
  test::fake_transport::data(net.last(), std::string(longest_model_list, ' '));
  CHECK_FALSE(error);
  test::fake_transport::data(net.last(), " ");
  REQUIRE(error);
  CHECK(error->code == chat::failure_code::upstream_error);
}
