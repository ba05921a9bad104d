#include "actors/registry/model_catalogue.hpp"
#include "tests/unit/support/fake_upstream.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using strings = std::vector<std::string>;

namespace {

/// A chat service, and a server that accepts any name.
struct fixture {
  fixture() {
    cats->called = "cats";
    local->called = "local";
    local->can.speaks_openai = true;
  }

  void make(const strings& for_cats = {}, const strings& for_local = {},
            const model_aliases& aliases = {}) {
    catalogue = model_catalogue{{{cats, for_cats}, {local, for_local}}, aliases};
  }

  void know() {
    catalogue.update(0, test::listed({"Orange Cat", "Tuxedo"}));
    catalogue.update(1, test::listed({"qwen", "public-Tuxedo"}));
  }

  /// `upstream: model`, and the public id if it differs; empty while the choice is open.
  std::string choose(const std::string& name) const {
    auto chosen = catalogue.choose(name);
    if (!chosen)
      return {};
    auto text = std::string{chosen->upstream->name()} + ": " + chosen->upstream_name;
    if (chosen->id != chosen->upstream_name)
      text += " as " + chosen->id;
    return text + (chosen->fallback ? " in its place" : "");
  }

  strings listed() const {
    strings ids;
    for (const auto& m : catalogue.list().models)
      ids.push_back(m.id);
    return ids;
  }

  std::shared_ptr<test::fake_upstream> cats = std::make_shared<test::fake_upstream>();
  std::shared_ptr<test::fake_upstream> local = std::make_shared<test::fake_upstream>();
  model_catalogue catalogue;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "the list has the models of all upstreams, and each name once") {
  make();
  know();
  CHECK(listed() ==
        strings{"public-Orange Cat", "public-Tuxedo", "public-qwen", "public-public-Tuxedo"});
  catalogue.update(1, test::listed({"Tuxedo"}));
  CHECK(listed() == strings{"public-Orange Cat", "public-Tuxedo", "local/public-Tuxedo"});
  CHECK(choose("local/public-Tuxedo") == "local: Tuxedo as local/public-Tuxedo");
}

TEST_CASE_FIXTURE(fixture, "a model is found at its upstream by any of its names") {
  make();
  know();
  CHECK(choose("Tuxedo") == "cats: Tuxedo as public-Tuxedo");
  CHECK(choose("public-Tuxedo") == "cats: Tuxedo as public-Tuxedo");
  CHECK(choose("qwen") == "local: qwen as public-qwen");
  CHECK(choose("local/qwen") == "local: qwen as local/qwen");
  CHECK(choose("local/anything else") == "local: anything else as local/anything else");
  CHECK(choose("cats/Tuxedo") == "cats: Tuxedo as cats/Tuxedo");
  CHECK(choose("") == "cats: Orange Cat as public-Orange Cat");
  CHECK(choose("nobody's") == "cats: Orange Cat as public-Orange Cat in its place");
  CHECK(choose("cats/nobody's") == "cats: Orange Cat as public-Orange Cat in its place");
  CHECK(choose("local/") == "cats: Orange Cat as public-Orange Cat in its place");
}

TEST_CASE_FIXTURE(fixture, "names and prefixes of names route models to an upstream") {
  make({"qwen-small", "Orange*"}, {"qwen*", "Orange Cat", "gpt-*"});
  know();
  CHECK(choose("Orange Cat") == "local: Orange Cat");
  CHECK(choose("gpt-4o") == "local: gpt-4o");
  CHECK(choose("qwen-big") == "local: qwen-big");
  CHECK(choose("Tuxedo") == "cats: Tuxedo as public-Tuxedo");
  // The chat service has no such model, even if it is routed there.
  CHECK(choose("qwen-small") == "cats: Orange Cat as public-Orange Cat in its place");
}

TEST_CASE_FIXTURE(fixture, "a listed name means the listed model, whatever else it could mean") {
  auto router = std::make_shared<test::fake_upstream>();
  router->called = "router";
  catalogue = model_catalogue{{{cats}, {local}, {router}}, {}};
  know();
  catalogue.update(2, test::listed({"x"}));
  router->called = "router"; // Its public id is `public-x`.
  CHECK(choose("public-x") == "router: x as public-x");
  cats->called = "public-qwen";
  CHECK(choose("public-qwen") == "local: qwen as public-qwen");
}

TEST_CASE_FIXTURE(fixture, "an alias stands for a model of any upstream") {
  model_aliases aliases;
  aliases.entries = {{"best", "Tuxedo"}, {"fast", "local/qwen"}, {"lost", "nobody's"}};
  make({}, {}, aliases);
  know();
  CHECK(choose("best") == "cats: Tuxedo as best");
  CHECK(choose("fast") == "local: qwen as fast");
  CHECK(choose("lost") == "cats: Orange Cat as public-Orange Cat in its place");
  CHECK(listed().back() == "best");
}

TEST_CASE_FIXTURE(fixture, "a choice that depends on an unknown list stays open") {
  make({}, {"gpt-*"});
  CHECK(choose("Tuxedo").empty());
  CHECK(choose("").empty());
  CHECK(choose("gpt-4o") == "local: gpt-4o");
  CHECK(choose("local/qwen") == "local: qwen as local/qwen");
  make({"Tux*"});
  catalogue.update(1, test::listed({"Tuxedo"}));
  CHECK(choose("Tuxedo").empty()); // Although another upstream has it.
  make({}, {"gpt-*"});
  catalogue.update(0, test::listed({"Tuxedo"}));
  CHECK(choose("Tuxedo") == "cats: Tuxedo as public-Tuxedo");
  CHECK(choose("") == "cats: Tuxedo as public-Tuxedo");
  CHECK(choose("qwen").empty());
  CHECK(catalogue.miss(1));
  CHECK(choose("qwen") == "cats: Tuxedo as public-Tuxedo in its place");
  CHECK_FALSE(catalogue.miss(0));
  CHECK(choose("Tuxedo") == "cats: Tuxedo as public-Tuxedo");
}

TEST_CASE_FIXTURE(fixture,
                  "a first upstream that accepts any name gets the names that nobody lists") {
  catalogue = model_catalogue{{{local}, {cats}}, {}};
  catalogue.update(0, test::listed({"qwen"}));
  catalogue.update(1, test::listed({"Orange Cat", "Tuxedo"}));
  CHECK(choose("nobody's") == "local: nobody's");
  CHECK(choose("Tuxedo") == "cats: Tuxedo as public-Tuxedo");
  CHECK(choose(std::string(257, 'x')) == "local: Orange Cat in its place");
}

TEST_CASE_FIXTURE(fixture, "a model keeps its upstream's description, under an alias, too") {
  model_aliases aliases;
  aliases.entries = {{"best", "qwen"}};
  make({}, {}, aliases);
  CHECK(catalogue.update(1, {{"qwen", R"("created":5)"}, {"llama"}}));
  CHECK_FALSE(catalogue.update(1, {{"qwen", R"("created":6)"}, {"llama"}}));
  const auto& models = catalogue.list().models;
  REQUIRE(models.size() == 4); // The default of the first upstream comes first.
  REQUIRE(models[1].members);
  CHECK(*models[1].members == R"("created":6)");
  CHECK_FALSE(models[2].members);
  CHECK(models[3].id == "best");
  CHECK(models[3].members == models[1].members);
}

// -- requests that pass
// ----------------------------------------------------------------------------

namespace {

struct passing : fixture {
  passing() {
    other->called = "other";
    other->can.speaks_openai = true;
    aliases.entries = {{"nice", "far"}, {"lost", "unheard"}};
    catalogue = model_catalogue{{{cats}, {local}, {other, {"pattern-*"}}}, aliases};
  }

  /// `upstream: name sent there`; empty while the choice is open.
  std::string pass(const std::string& name) const {
    auto chosen = catalogue.choose_passed(name);
    if (!chosen)
      return {};
    return std::string{chosen->upstream->name()} + ": " + chosen->upstream_name;
  }

  void know_all() {
    know();
    catalogue.update(2, test::listed({"far", "qwen", "local/odd"}));
  }

  model_aliases aliases;
  std::shared_ptr<test::fake_upstream> other = std::make_shared<test::fake_upstream>();
};

} // namespace

TEST_CASE_FIXTURE(passing, "a request passes to the server that has its model") {
  know_all();
  CHECK(pass("far") == "other: far");
  CHECK(pass("qwen") == "local: qwen");
  CHECK(pass("nice") == "other: far");
  CHECK(pass("other/qwen") == "other: qwen");
  CHECK(pass("other/unheard-of") == "other: unheard-of");
  CHECK(pass("pattern-7") == "other: pattern-7");
}

TEST_CASE_FIXTURE(passing, "an unknown model, or none, passes to the first server") {
  know_all();
  CHECK(pass("unheard-of") == "local: unheard-of");
  CHECK(pass("lost") == "local: unheard");
  CHECK(pass("") == "local: ");
  CHECK(pass("Orange Cat") == "local: Orange Cat");
  CHECK(pass("cats/Tuxedo") == "local: cats/Tuxedo");
}

TEST_CASE_FIXTURE(passing, "a choice that depends on a list waits for it") {
  CHECK(pass("far").empty());
  CHECK(pass("other/qwen").empty());
  CHECK(pass("") == "local: ");
  CHECK(pass("pattern-7") == "other: pattern-7");
  catalogue.update(2, test::listed({"far"}));
  CHECK(pass("public-far") == "other: far");
  CHECK(pass("unheard-of").empty());
  catalogue.miss(1);
  CHECK(pass("unheard-of") == "local: unheard-of");
}

TEST_CASE_FIXTURE(passing, "a lone server gets all names, whether its list is known or not") {
  catalogue = model_catalogue{{{cats}, {local}}, aliases};
  CHECK(pass("unheard-of") == "local: unheard-of");
  CHECK(pass("nice") == "local: far");
  CHECK(pass("local/x").empty());
  catalogue.update(1, test::listed({"qwen"}));
  CHECK(pass("local/x") == "local: x");
}

TEST_CASE_FIXTURE(passing, "without an OpenAI-compatible server there is no upstream") {
  catalogue = model_catalogue{{{cats}}, {}};
  CHECK_FALSE(catalogue.choose_passed("qwen")->upstream);
}
